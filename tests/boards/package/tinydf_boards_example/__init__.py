raise AssertionError("tinydf looks for boards without importing the package")
