"""Images: ``ft.image``."""

from freshet.core import lazy as _lazy
from freshet.ops.image.adjust import adjust_brightness as adjust_brightness
from freshet.ops.image.adjust import adjust_contrast as adjust_contrast
from freshet.ops.image.adjust import adjust_gamma as adjust_gamma
from freshet.ops.image.adjust import adjust_hue as adjust_hue
from freshet.ops.image.adjust import adjust_saturation as adjust_saturation
from freshet.ops.image.adjust import per_image_standardization as per_image_standardization
from freshet.ops.image.boxes import crop_and_resize as crop_and_resize
from freshet.ops.image.boxes import draw_bounding_boxes as draw_bounding_boxes
from freshet.ops.image.class_suppression import (
    combined_non_max_suppression as combined_non_max_suppression,
)
from freshet.ops.image.colour import grayscale_to_rgb as grayscale_to_rgb
from freshet.ops.image.colour import hsv_to_rgb as hsv_to_rgb
from freshet.ops.image.colour import rgb_to_grayscale as rgb_to_grayscale
from freshet.ops.image.colour import rgb_to_hsv as rgb_to_hsv
from freshet.ops.image.colour import rgb_to_yiq as rgb_to_yiq
from freshet.ops.image.colour import rgb_to_yuv as rgb_to_yuv
from freshet.ops.image.colour import yiq_to_rgb as yiq_to_rgb
from freshet.ops.image.colour import yuv_to_rgb as yuv_to_rgb
from freshet.ops.image.crop_and_pad import central_crop as central_crop
from freshet.ops.image.crop_and_pad import crop_to_bounding_box as crop_to_bounding_box
from freshet.ops.image.crop_and_pad import pad_to_bounding_box as pad_to_bounding_box
from freshet.ops.image.crop_and_pad import resize_with_crop_or_pad as resize_with_crop_or_pad
from freshet.ops.image.decoding import decode_and_crop_jpeg as decode_and_crop_jpeg
from freshet.ops.image.decoding import decode_bmp as decode_bmp
from freshet.ops.image.decoding import decode_gif as decode_gif
from freshet.ops.image.decoding import decode_image as decode_image
from freshet.ops.image.decoding import decode_jpeg as decode_jpeg
from freshet.ops.image.decoding import decode_png as decode_png
from freshet.ops.image.decoding import decode_webp as decode_webp
from freshet.ops.image.decoding import extract_jpeg_shape as extract_jpeg_shape
from freshet.ops.image.decoding import is_jpeg as is_jpeg
from freshet.ops.image.distorted_boxes import (
    sample_distorted_bounding_box as sample_distorted_bounding_box,
)
from freshet.ops.image.distorted_boxes import (
    stateless_sample_distorted_bounding_box as stateless_sample_distorted_bounding_box,
)
from freshet.ops.image.edges import image_gradients as image_gradients
from freshet.ops.image.edges import sobel_edges as sobel_edges
from freshet.ops.image.edges import total_variation as total_variation
from freshet.ops.image.encoding import adjust_jpeg_quality as adjust_jpeg_quality
from freshet.ops.image.encoding import encode_jpeg as encode_jpeg
from freshet.ops.image.encoding import encode_png as encode_png
from freshet.ops.image.flip import flip_left_right as flip_left_right
from freshet.ops.image.flip import flip_up_down as flip_up_down
from freshet.ops.image.flip import rot90 as rot90
from freshet.ops.image.flip import transpose as transpose
from freshet.ops.image.patches import extract_glimpse as extract_glimpse
from freshet.ops.image.patches import extract_patches as extract_patches
from freshet.ops.image.pixel_types import convert_image_dtype as convert_image_dtype
from freshet.ops.image.quality import psnr as psnr
from freshet.ops.image.quality import ssim as ssim
from freshet.ops.image.quality import ssim_multiscale as ssim_multiscale
from freshet.ops.image.random_changes import random_brightness as random_brightness
from freshet.ops.image.random_changes import random_contrast as random_contrast
from freshet.ops.image.random_changes import random_crop as random_crop
from freshet.ops.image.random_changes import random_flip_left_right as random_flip_left_right
from freshet.ops.image.random_changes import random_flip_up_down as random_flip_up_down
from freshet.ops.image.random_changes import random_hue as random_hue
from freshet.ops.image.random_changes import random_jpeg_quality as random_jpeg_quality
from freshet.ops.image.random_changes import random_saturation as random_saturation
from freshet.ops.image.random_changes import (
    stateless_random_brightness as stateless_random_brightness,
)
from freshet.ops.image.random_changes import stateless_random_contrast as stateless_random_contrast
from freshet.ops.image.random_changes import stateless_random_crop as stateless_random_crop
from freshet.ops.image.random_changes import (
    stateless_random_flip_left_right as stateless_random_flip_left_right,
)
from freshet.ops.image.random_changes import (
    stateless_random_flip_up_down as stateless_random_flip_up_down,
)
from freshet.ops.image.random_changes import stateless_random_hue as stateless_random_hue
from freshet.ops.image.random_changes import (
    stateless_random_jpeg_quality as stateless_random_jpeg_quality,
)
from freshet.ops.image.random_changes import (
    stateless_random_saturation as stateless_random_saturation,
)
from freshet.ops.image.resize import ResizeMethod as ResizeMethod
from freshet.ops.image.resize import resize as resize
from freshet.ops.image.resize import resize_with_pad as resize_with_pad
from freshet.ops.image.suppression import non_max_suppression as non_max_suppression
from freshet.ops.image.suppression import (
    non_max_suppression_overlaps as non_max_suppression_overlaps,
)
from freshet.ops.image.suppression import non_max_suppression_padded as non_max_suppression_padded
from freshet.ops.image.suppression import (
    non_max_suppression_with_scores as non_max_suppression_with_scores,
)

_lazy.advise(__name__)
