# cmake -DFILE=plan.bin -DOUT=plan.inc -P bytes.cmake: the bytes of a file as numbers, for an array in C.
file(READ ${FILE} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "${bytes}\n")
