"""Images: size, place, colour, quality, boxes, patches, and files of them."""
