"""Running programs: native driver, thread pool, kernel cache, host calls."""
