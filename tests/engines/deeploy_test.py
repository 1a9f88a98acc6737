#!/usr/bin/env python3
"""deeploy_test.py FOLDER: Deeploy, which runs FOLDER/minimalloc, takes the plans of whoever stands behind that name.

Needs the package deeploy-pulp; exit code 77 without it.
"""

import itertools
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    from Deeploy.AbstractDataTypes import PointerClass
    from Deeploy.CommonExtensions.DataTypes import int8_t, int32_t
    from Deeploy.DeeployTypes import ConstantBuffer, NetworkContext, StructBuffer, TransientBuffer, VariableBuffer
    from Deeploy.MemoryLevelExtension.MemoryLevels import MemoryHierarchy, MemoryLevel
    from Deeploy.TilingExtension.MemoryScheduler import MemoryBlock
    from Deeploy.TilingExtension.TilerExtension import Tiler
except ImportError as error:
    print(f"left out: {error}")
    sys.exit(77)

LEVEL = "L2"
# Name, first and last step, elements, bytes of each.
TENSORS = [("input", 0, 1, 300, 1), ("hidden", 1, 2, 200, 4), ("weights", 2, 3, 50, 4), ("output", 2, 4, 1000, 1)]
SCRATCH = ("scratch", 1, 1, 700)
AT_ONCE = 2000  # bytes: hidden, output and weights, at step 2


def network():
    context = NetworkContext(VariableBuffer, ConstantBuffer, StructBuffer, TransientBuffer)
    for name, _, _, elements, width in TENSORS:
        buffer = VariableBuffer(name, (elements,))
        buffer._type = PointerClass(int8_t if width == 1 else int32_t)
        context.add(buffer, "local")
    context.add(TransientBuffer(SCRATCH[0], SCRATCH[3]), "local")
    blocks = [MemoryBlock(name, LEVEL, (first, last), None) for name, first, last, *_ in [*TENSORS, SCRATCH]]
    return context, blocks


class Deeploy(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.tiler = Tiler(MemoryHierarchy([MemoryLevel(LEVEL, [], AT_ONCE)]), "a/test", self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def plan(self, capacity):
        context, blocks = network()
        return self.tiler.minimalloc(blocks, context, None, capacity, LEVEL)

    def test_blocks_get_places_apart(self):
        sizes = {name: elements * width for name, _, _, elements, width in TENSORS} | {SCRATCH[0]: SCRATCH[3]}
        blocks = self.plan(AT_ONCE)
        for block in blocks:
            begin, end = block.addrSpace
            self.assertEqual(end - begin, sizes[block.name])
            self.assertTrue(0 <= begin and end <= AT_ONCE)
        for one, other in itertools.combinations(blocks, 2):
            together = one.lifetime[0] <= other.lifetime[1] and other.lifetime[0] <= one.lifetime[1]
            apart = one.addrSpace[1] <= other.addrSpace[0] or other.addrSpace[1] <= one.addrSpace[0]
            self.assertTrue(apart or not together, (one.name, other.name))

    def test_one_byte_less_does_not_do(self):
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            self.plan(AT_ONCE - 1)
        self.assertEqual(raised.exception.returncode, 4)
        self.assertEqual(list(pathlib.Path(self.folder.name).glob("output*")), [])


if __name__ == "__main__":
    os.environ["MINIMALLOC_INSTALL_DIR"] = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
