#!/usr/bin/env python3
"""The page of `orionrt report`: steps, colours, spaces, neighbours, taps: report_page_ask_test.py ORIONRT [SHARED]."""
import json
import sys
import unittest

from report_page import GRAPH, RELU, ROOT, PageTest, orionrt, problem

MODEL = ROOT / "examples" / "models" / "encoder.onnx"  # with a symbolic batch and sequence


def together(count, size=1 << 20):
    return {"schema": "orionrt.problem/1",
            "buffers": [{"id": str(i), "size": size, "lower": 0, "upper": 5} for i in range(count)]}


class Steps(PageTest):
    def strip(self, page, step, n=0):
        """Where a step is on the strip below a map."""
        return page.evaluate("""([step, n]) => {
            const box = maps[n].canvas.getBoundingClientRect(), { plot, curve } = maps[n];
            return [box.left + maps[n].xOf(step), box.top + plot.y + plot.h + GAP + curve / 2];
        }""", [step, n])

    def overview(self, page, step, n=0):
        """Where a step of 60 is on the overview, by the edges of the map alone."""
        return page.evaluate("""([step, n]) => {
            const box = maps[n].canvas.getBoundingClientRect(), { plot } = maps[n];
            const { first, last } = current.graph;
            return [box.left + plot.x + (step - first) * plot.w / (last - first),
                    box.bottom - BOTTOM - OVERVIEW / 2];
        }""", [step, n])

    def alive(self, plan, step):
        return sorted(((b["size"], b["id"]) for b in plan["buffers"] if b["lower"] <= step < b["upper"]), reverse=True)

    def test_a_click_on_the_strip_says_what_is_alive(self):
        source = self.write("names.json", problem([f"layer{i}" for i in range(60)]))
        plan = json.loads(orionrt("plan", source, "--format", "json"))
        page = self.open(self.report(source))
        self.assertFalse(page.is_visible("#step"))
        for step in (0, 7, 33, 61):
            page.mouse.click(*self.strip(page, step + 0.5))
            alive = self.alive(plan, step)
            panel = page.inner_text("#step")
            self.assertIn(f"Step {step}\n", panel)
            noun = "tensor" if len(alive) == 1 else "tensors"
            self.assertIn(f"{len(alive)} {noun} alive, {page.evaluate('formatBytes', sum(s for s, _ in alive))}", panel)
            top = max(b["offset"] + b["size"] for b in plan["buffers"] if b["lower"] <= step < b["upper"])
            self.assertIn(f"ends at {page.evaluate('formatBytes', top)}", panel)
            listed = [int(item.get_attribute("data-tensor")) for item in page.locator("#step [role=option]").all()]
            self.assertEqual([f"b{i}" for i in listed], [i for _, i in alive])
        page.click("#step [aria-label='No step']")
        self.assertFalse(page.is_visible("#step"))

    def test_the_cursor_is_drawn_where_the_pointer_is(self):
        page = self.open(self.report(self.write("names.json", problem(["n"] * 60))))
        ground = self.pixel(page, 20.5, page.evaluate("maps[0].arena.top * 0.995"))
        page.mouse.move(*self.strip(page, 20.5))
        self.settle(page)
        self.assertEqual(page.evaluate("shared.cursor.step"), 20)
        self.assertNotEqual(self.pixel(page, 20.6, page.evaluate("maps[0].arena.top * 0.995")),
                            ground)  # across the map too
        page.mouse.move(5, 5)
        self.settle(page)
        self.assertEqual(self.pixel(page, 20.6, page.evaluate("maps[0].arena.top * 0.995")), ground)

    def test_a_click_on_the_map_pins_its_step_and_keys_go_on(self):
        page = self.open(self.report(self.write("graph.json", GRAPH)))
        page.mouse.click(*self.place(page, 1.5, page.evaluate("maps[0].arena.plan.offset[1] + 2000")))
        self.assertIn("Step 1 conv2", page.inner_text("#step"))
        self.assertIn("hidden", page.inner_text("#tensor"))
        page.keyboard.press("]")
        self.assertIn("Step 2 conv3", page.inner_text("#step"))
        self.assertIn("read here, for the last time", page.inner_text("#step"))
        page.keyboard.press("[")
        page.keyboard.press("[")
        self.assertIn("Step 0 conv1", page.inner_text("#step"))
        page.keyboard.press("Escape")
        self.assertFalse(page.is_visible("#step"))

    def test_other_steps_of_the_peak_can_be_asked(self):
        buffers = [{"id": str(i), "size": 640, "lower": i * 3, "upper": i * 3 + 2} for i in range(3)]
        page = self.open(self.report(self.write("hills.json", {"schema": "orionrt.problem/1", "buffers": buffers})))
        self.assertIn("steps are this high", page.inner_text("#explained"))
        page.click("#explained .steps button >> nth=-1")
        self.assertIn("1 tensor alive, 640 B, 100.0 % of the peak", page.inner_text("#step"))

    def test_the_overview_does_not_zoom(self):
        page = self.open(self.report(self.write("names.json", problem(["n"] * 60))))
        page.click("#zoom-in")
        page.click("#zoom-in")
        page.click("#zoom-in")
        width = self.view(page)["x1"] - self.view(page)["x0"]
        self.assertLess(width, 25)
        for step in (45, 15):
            page.mouse.click(*self.overview(page, step))
            view = self.view(page)
            self.assertAlmostEqual((view["x0"] + view["x1"]) / 2, step, delta=0.3)
            self.assertAlmostEqual(view["x1"] - view["x0"], width, delta=1e-6)
        page.mouse.move(*self.overview(page, 15))
        page.mouse.down()
        page.mouse.move(*self.overview(page, 40))
        page.mouse.up()
        view = self.view(page)
        self.assertAlmostEqual((view["x0"] + view["x1"]) / 2, 40, delta=0.3)
        self.assertFalse(page.is_visible("#step"))  # moving is not asking
        page.mouse.dblclick(*self.overview(page, 40))
        self.assertAlmostEqual(self.view(page)["x1"] - self.view(page)["x0"], 62, delta=1e-6)

    def test_streams_have_steps_of_their_own(self):
        graph = {"schema": "orionrt.graph/1",
                 "tensors": [{"id": 0, "bytes": 640, "roles": ["input"]}, {"id": 1, "bytes": 640, "name": "a"},
                             {"id": 2, "bytes": 640, "name": "b"},
                             {"id": 3, "bytes": 640, "name": "c", "roles": ["output"]},
                             {"id": 4, "bytes": 64, "name": "beside"}],
                 "ops": [{"id": 1, "inputs": [0], "outputs": [1]}, {"id": 4, "inputs": [0], "outputs": [4]},
                         {"id": 2, "inputs": [1], "outputs": [2], "stream": 1, "waits": [1]},
                         {"id": 3, "inputs": [1, 2], "outputs": [3], "waits": [2]}]}
        page = self.open(self.report(self.write("lanes.json", graph)))
        for lane in (0, 1):
            page.mouse.click(*self.strip(page, 0.5, lane))
            self.assertIn(f"Step 0 of stream {lane}", page.inner_text("#step"))
            there = page.evaluate("(n) => maps[n].arena.aliveAt(0).map(([tensor]) => tensor)", lane)
            listed = [int(i.get_attribute("data-tensor")) for i in page.locator("#step [role=option]").all()]
            self.assertEqual(listed, there)
            self.assertGreater(len(listed), 0)

    def test_double_click_and_enter_zoom_from_every_list(self):
        page = self.open(self.report(self.write("names.json", problem([f"n{i}" for i in range(60)]))))
        lists = ["#rows [role=row] >> nth=3", "#explained [role=option] >> nth=1", "#step [role=option] >> nth=1"]
        page.evaluate("pin({ step: 30, lane: 0 })")
        for entry in lists:
            page.click("#zoom-all")
            page.dblclick(entry)
            chosen, view = page.evaluate("shared.selected"), self.view(page)
            self.assertLess(view["x1"] - view["x0"], 20, entry)
            self.assertLess(view["x0"], chosen, entry)
            self.assertGreater(view["x1"], chosen + 3, entry)
            page.evaluate("seeAll()")
            page.keyboard.press("Enter")
            self.assertEqual(page.evaluate("shared.selected"), chosen, entry)
            self.assertLess(self.view(page)["x1"] - self.view(page)["x0"], 20, entry)


class Colours(PageTest):
    def corner(self, page, i):
        """Step and offset near the right end and top of a tensor."""
        return page.evaluate("""(i) => [current.graph.upper[i] - 0.2,
            active.arena.plan.offset[i] + current.graph.size[i] * 0.85]""", i)

    def colour(self, page, i):
        """What a tensor has on the map, near its right end and top: names stand elsewhere."""
        return self.pixel(page, *self.corner(page, i))

    def test_tensors_of_one_class_have_one_colour(self):
        page = self.open(self.report(self.write("relu.json", RELU)))
        self.assertEqual({self.colour(page, i) for i in (1, 2, 4)}, {(0, 114, 178)})

    def test_colours_tell_what_is_asked(self):
        page = self.open(self.report(self.write("relu.json", RELU)))
        self.assertEqual(page.locator("#colour option").all_inner_texts(), ["class", "type of op", "alive at the peak"])
        page.select_option("#colour", "peak")
        self.settle(page)
        self.assertEqual([self.colour(page, i) for i in (0, 1, 2)], [(86, 180, 233), (213, 94, 0), (213, 94, 0)])
        self.assertIn("alive at the peak", page.inner_text("#legend"))
        page.select_option("#colour", "op")
        self.settle(page)
        self.assertEqual(page.locator("#legend label").all_inner_texts(), ["Conv", "Relu", "no op"])
        self.assertEqual(self.colour(page, 1), self.colour(page, 4))  # of conv0
        self.assertNotEqual(self.colour(page, 1), self.colour(page, 2))
        square = page.evaluate("""getComputedStyle(
            document.querySelector('#rows [data-tensor="1"] .swatch')).backgroundColor""")
        self.assertEqual(square, "rgb" + str(self.colour(page, 1)))  # lists have the same
        page.uncheck("[data-group=Conv]")
        self.assertEqual(page.inner_text("#matches"), "2 of 5")
        page.select_option("#colour", "class")
        self.assertEqual(page.inner_text("#matches"), "")

    def test_what_tells_nothing_is_not_offered(self):
        page = self.open(self.report(self.write("names.json", problem(["n"] * 20))))
        self.assertEqual(page.locator("#colour option").all_inner_texts(), ["alive at the peak"])
        self.assertFalse(page.is_visible("#colouring"))
        page = self.open(self.report(self.write("together.json", together(4))))  # all are alive at the peak
        self.assertEqual(page.locator("#legend label").count(), 0)
        self.assertEqual({self.colour(page, i) for i in range(4)}, {(110, 119, 129)})

    def test_spaces_have_colours(self):
        page = self.open(self.report(self.write("names.json", problem(["n"] * 20)), "--space", "sram=2K", "--space",
                                     "dram"))
        page.select_option("#colour", "space")
        self.settle(page)
        self.assertEqual(page.locator("#legend label").all_inner_texts(), ["sram", "dram"])
        for space in (0, 1):
            i = page.evaluate("(space) => active.arena.plan.space.indexOf(space)", space)
            self.assertIn(self.pixel(page, *self.corner(page, i), space),
                          [[(0, 114, 178)], [(230, 159, 0), (241, 202, 115)]][space])


class Labels(PageTest):
    def test_spaces_have_a_total_and_a_line_at_their_capacity(self):
        source = self.write("names.json", problem(["n"] * 20))
        plan = json.loads(orionrt("plan", source, "--space", "sram=3K", "--space", "dram", "--format", "json"))
        page = self.open(self.report(source, "--space", "sram=3K", "--space", "dram"))
        self.assertIn(f"all spaces together\n{plan['peak_bytes'] / 1024:.2f} KiBin 2 spaces",
                      page.inner_text("#figures"))
        tags = page.evaluate("maps.map((map) => map.tags.map((tag) => tag.text))")
        self.assertIn("capacity 3.00 KiB", tags[0])
        self.assertNotIn("capacity", " ".join(tags[1]))
        lines = {self.pixel(page, x / 10, 3072) for x in range(100, 130)}
        self.assertLess(min(map(sum, lines)), 300)  # dots of ink

    def test_names_of_lines_do_not_collide(self):
        source = self.write("names.json", problem(["n"] * 90))
        for width in (1600, 1024, 390):
            page = self.open(self.report(source, "--policy", "auto,no_reuse,linear_scan,first_fit"),
                             viewport={"width": width, "height": 900})
            for tags, plot in page.evaluate("maps.map(({ tags, plot }) => [tags, plot])"):
                self.assertGreater(len(tags), 0)
                for n, tag in enumerate(tags):
                    self.assertGreaterEqual(tag["y"] - 7, plot["y"] - 1)
                    self.assertLessEqual(tag["y"] + 7, plot["y"] + plot["h"] + 1)  # not over the numbers of the steps
                    for other in tags[:n]:
                        self.assertGreater(abs(tag["y"] - other["y"]), 12)

    def test_labels_of_bytes_are_never_cut(self):
        """Nothing is drawn on the leftmost pixels of the map, however long its labels are."""
        page = self.open(self.report(self.write("large.json", together(9, (1 << 46) + 4096 + 64))))
        edge = """() => {
            const { still } = maps[0], { height } = still;
            const copy = new OffscreenCanvas(2, height).getContext("2d", { willReadFrequently: true });
            copy.drawImage(still, 0, 0, 2, height, 0, 0, 2, height);
            return new Set(new Uint32Array(copy.getImageData(0, 0, 2, height).data.buffer)).size;
        }"""
        self.settle(page)
        self.assertEqual(page.evaluate(edge), 1)
        whole = page.evaluate("shared.left")
        page.evaluate("see(0, 5, 0.5, 0.5 + 1e-12)")  # thousands of TiB, in steps of a few bytes
        self.settle(page)
        self.assertEqual(page.evaluate(edge), 1)
        self.assertGreater(page.evaluate("shared.left"), whole)
        self.assertLessEqual(page.evaluate("maps[0].plot.x + maps[0].plot.w"), page.evaluate("maps[0].width"))
        page.click("#zoom-all")
        self.settle(page)
        self.assertEqual(page.evaluate("shared.left"), whole)

    def test_the_title_has_the_dimensions_and_no_folder(self):
        path = self.report(MODEL, "--dim", "batch=2", "--dim", "sequence=16")
        page = self.open(path)
        self.assertEqual(page.title(), "encoder.onnx, batch=2, sequence=16 · OrionRT")
        self.assertEqual(page.inner_text("#source"), "encoder.onnx")
        self.assertEqual(page.inner_text("#dims"), "batch=2, sequence=16")
        self.assertNotIn(str(MODEL.parent), path.read_text())

    def test_keys_are_those_of_plans_in_json(self):
        source = self.write("relu.json", RELU)
        plan = json.loads(orionrt("plan", source, "--explain", "--format", "json"))
        page = self.open(self.report(source))
        data = json.loads(page.evaluate("document.getElementById('data').textContent"))
        shown = data["graphs"][0]["plans"][0]
        self.assertEqual(shown["spaces"][0]["metrics"], plan["metrics"])
        for key in ("policy", "peak_bytes", "peak_nested_bytes", "time_limited", "interrupted"):
            self.assertEqual(shown[key], plan[key])
        self.assertEqual(shown["explanation"]["what_ifs"], plan["explanation"]["what_ifs"])
        self.assertEqual(shown["offset"], [b["offset"] for b in plan["buffers"]])

        def keys(value):
            if isinstance(value, dict):
                return set(value) | {k for inner in value.values() for k in keys(inner)}
            return {k for inner in value for k in keys(inner)} if isinstance(value, list) else set()
        self.assertEqual([key for key in keys(data) if key != key.lower()], [])


class Neighbours(PageTest):
    def test_the_source_and_the_neighbours_of_a_tensor(self):
        page = self.open(self.report(self.write("relu.json", RELU)))
        page.evaluate("choose(2)")
        rows = dict(page.evaluate("""[...document.querySelectorAll('#tensor dt')].map((dt) => [dt.textContent,
            [...dt.nextSibling.querySelectorAll('button')].map((b) => b.textContent).join() ||
            dt.nextSibling.textContent])"""))
        self.assertEqual(rows["made by"], "1 relu1")
        self.assertEqual(rows["made from"], "a")
        self.assertEqual(rows["goes into"], "c")
        plan = {b["name"]: b for b
                in json.loads(orionrt("plan", self.root / "relu.json", "--format", "json"))["buffers"]}
        b = plan["b"]
        above = [n for n, o in plan.items() if o["lower"] < b["upper"] and b["lower"] < o["upper"]
                 and o["offset"] >= b["offset"] + b["size"]]
        below = [n for n, o in plan.items() if o["lower"] < b["upper"] and b["lower"] < o["upper"]
                 and o["offset"] + o["size"] <= b["offset"]]
        self.assertEqual(set(filter(None, rows.get("above it", "").split(","))), set(above))
        self.assertEqual(set(filter(None, rows.get("below it", "").split(","))), set(below))
        page.click("#tensor button:text-is('c')")
        self.assertEqual(page.inner_text("#tensor h2"), "c")

    def test_the_type_of_an_op_is_said_where_its_name_does_not(self):
        graph = {**RELU, "ops": [{**op, "name": f"node_{n}"} for n, op in enumerate(RELU["ops"])]}
        page = self.open(self.report(self.write("unnamed.json", graph)))
        page.evaluate("choose(2)")
        self.assertIn("1 node_1 (Relu)", page.inner_text("#tensor"))

    def test_a_tap_says_what_was_tapped_beside_the_finger(self):
        for scheme in ("light", "dark"):
            page = self.open(self.report(self.write("graph.json", GRAPH)), viewport={"width": 390, "height": 844},
                             has_touch=True, is_mobile=True, color_scheme=scheme)
            page.evaluate("maps[0].canvas.scrollIntoView()")
            self.settle(page)
            x, y = self.place(page, 1, page.evaluate("maps[0].arena.plan.offset[1] + 2048"))
            page.touchscreen.tap(x, y)
            self.settle(page)
            self.assertIn("hidden", page.inner_text("#tip"))
            self.assertIn("4.00 KiB", page.inner_text("#tip"))
            box = page.locator("#tip").bounding_box()
            self.assertGreaterEqual(box["x"], 0)
            self.assertLessEqual(box["x"] + box["width"], 390)
            self.assertLess(min(abs(box["y"] - y), abs(box["y"] + box["height"] - y)), 40)
            nothing_lies_there = page.evaluate("maps[0].arena.top * 0.99")
            page.touchscreen.tap(*self.place(page, 2.5, nothing_lies_there))
            self.settle(page)
            self.assertIn("Step 2", page.inner_text("#tip"))
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 390)

    def test_a_choice_from_a_list_is_named_on_the_map_of_a_phone(self):
        page = self.open(self.report(self.write("relu.json", RELU)), viewport={"width": 390, "height": 844},
                         has_touch=True, is_mobile=True)
        page.tap("#explained [role=option] >> nth=1")
        page.wait_for_selector("#tip:visible")
        self.assertIn("b\n", page.inner_text("#tip"))
        box = page.locator("#tip").bounding_box()
        self.assertGreaterEqual(box["y"], 0)
        self.assertLessEqual(box["y"] + box["height"], 844)

    def test_lists_show_the_ends_of_long_names(self):
        names = ["model/decoder/layers/self_attention/" * 4 + f"MatMul_{i}" for i in range(30)]
        source = self.write("names.json", problem(names))
        for width in (1600, 1024, 390):
            page = self.open(self.report(source), viewport={"width": width, "height": 844})
            for of in ("#rows", "#explained"):
                out = page.evaluate("""(of) => {
                    const box = document.querySelector(of + " .tail").getBoundingClientRect();
                    const name = document.querySelector(of + " .tail bdi").getBoundingClientRect();
                    return [box.left - name.left, name.right - box.right];
                }""", of)
                self.assertGreater(out[0], 20, (width, of))
                self.assertLess(out[1], 1, (width, of))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
