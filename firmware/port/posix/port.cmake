# The host itself.
set(TINYDF_PORT_SOURCES port/posix/port.c)
