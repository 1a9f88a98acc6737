#!/usr/bin/env python3
"""The page of `orionrt report`: 60,000 tensors: report_page_full_test.py ORIONRT [SHARED]."""
import sys
import time
import unittest

from report_page import SHARED, PageTest, many


class ManyTensors(PageTest):
    def test_sixty_thousand_tensors(self):
        sources = [self.write("many.json", many(60000, 1))]
        real = SHARED / "instances" / "idealloc" / "iopddl_Y_1.csv"
        sources += [real] if real.exists() else []
        for source in sources:
            path = self.report(source, "--policy", "first_fit")
            size = path.stat().st_size
            self.assertLess(size, 20e6)
            begin = time.time()
            page = self.open(path)
            ready = time.time() - begin
            frames = page.evaluate("""() => {
                const spent = [];
                for (let n = 0; n < 20; n++) {
                    zoomMiddle(0.8);
                    const begin = performance.now();
                    maps[0].draw(theme);
                    spent.push(performance.now() - begin);
                }
                seeAll();
                return spent.sort((a, b) => a - b);
            }""")
            print(f"{source.name}: {size / 1e6:.1f} MB, interactive in {ready:.2f} s, "
                  f"a frame {frames[10]:.1f} ms, the slowest {frames[-1]:.1f} ms", file=sys.stderr)
            self.assertLess(ready, 10)  # the aim is 2 s, on a machine that does nothing else
            self.assertLess(page.locator("#rows [role=row]").count(), 100)
            page.evaluate("$('rows').scrollTop = 1e6")
            self.settle(page)
            self.assertTrue(page.is_visible("#rows [aria-rowindex='41668']"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
