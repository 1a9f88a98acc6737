#!/usr/bin/env python3
"""The page of `orionrt report`: the plan, the figures, names, paper: report_page_test.py ORIONRT [SHARED]."""
import json
import sys
import unittest
import xml.dom.minidom

from report_page import GRAPH, RELU, SHARED, PageTest, many, orionrt, problem

NASTY = ["<script>window.pwned=1</script>", "</script><img src=x onerror=window.pwned=1>", 'quote " \' back\\slash',
         "line\nbreak", "\u2028\u2029", "<!--", "]]>", "@data@", "&lt;b&gt;", "${window.pwned=1}", "日本語",
         "\u202eright to left", "\ufffe", "nul\0", "y" * 10000]

# Okabe and Ito's.
CLASS_COLOURS = {"input": (86, 180, 233), "output": (213, 94, 0), "activation": (0, 114, 178)}
PEAK_COLOURS = {True: (213, 94, 0), False: (86, 180, 233)}


class Page(PageTest):
    def test_the_map_is_the_plan(self):
        for source in (self.write("graph.json", GRAPH), self.write("names.json", problem(["a", "b", "c"] * 9))):
            plan = json.loads(orionrt("plan", source, "--format", "json"))
            page = self.open(self.report(source))
            empty = tuple(page.evaluate("parseColor(theme.empty)"))
            last = max(b["upper"] for b in plan["buffers"])
            peak_step = plan["metrics"]["peak_step"]
            for step in range(last):
                alive = [b for b in plan["buffers"] if b["lower"] <= step < b["upper"]]
                for b in alive:
                    at_peak = b["lower"] <= peak_step < b["upper"]
                    own = CLASS_COLOURS[b["class"]] if "class" in b else PEAK_COLOURS[at_peak]
                    shades = [list(own), [round(v * 0.55 + 255 * 0.45) for v in own]]  # and the lines of its hatch
                    # Near the right end and the top: labels stand at the left of a tensor, half way up.
                    got = self.pixel(page, step + 0.8, b["offset"] + b["size"] * 0.85)
                    self.assertIn(list(got), shades, (source.name, step, b))
                above = max((b["offset"] + b["size"] for b in alive), default=0)
                if above < plan["peak_bytes"] * 0.9:
                    self.assertEqual(self.pixel(page, step + 0.5, (above + plan["peak_bytes"] * 0.97) / 2), empty, step)

    def test_hover_and_choice_say_everything(self):
        page = self.open(self.report(self.write("graph.json", GRAPH)))
        plan = json.loads(orionrt("plan", self.root / "graph.json", "--format", "json"))
        x = plan["buffers"][0]
        page.mouse.move(*self.place(page, 0.5, x["offset"] + 512))
        for word in ("x", "input", "float32[1,256]", "1.00 KiB (1,024 bytes)", "0 conv1"):
            self.assertIn(word, page.inner_text("#tip"))
        hidden = plan["buffers"][1]
        page.mouse.click(*self.place(page, 1, hidden["offset"] + 2048))
        page.mouse.move(5, 5)
        self.assertFalse(page.is_visible("#tip"))
        for word in ("hidden", "4.00 KiB (4,096 bytes)", "steps 0 conv1 to 1 conv2", "of it", "0 conv1", "1 conv2"):
            self.assertIn(word, page.inner_text("#tensor"))
        self.assertEqual(page.get_attribute("#rows [aria-selected=true]", "data-tensor"), "1")

    def test_figures(self):
        page = self.open(self.report(self.write("graph.json", GRAPH)))
        figures = page.inner_text("#figures")
        for word in ("6.00 KiB", "proven optimal", "8.00 KiB", "1.3 ×", "over 3 steps"):
            self.assertIn(word, figures)
        self.assertIn("activation", page.inner_text("#tensor"))

    def test_search_and_filters(self):
        page = self.open(self.report(self.write("names.json", problem([f"layer{i}" for i in range(40)]))))
        page.keyboard.press("/")
        page.keyboard.type("LAYER1")
        self.assertEqual(page.inner_text("#matches"), "11 of 40")
        self.assertEqual(page.locator("#rows [role=row]").count(), 11)
        faded = tuple(page.evaluate("parseColor(theme.faded)"))
        self.settle(page)
        offset = page.evaluate("maps[0].arena.plan.offset[20]")
        self.assertEqual(self.pixel(page, 22.4, offset + 900), faded)
        page.keyboard.press("Enter")  # to the first match
        self.assertIn("layer1", page.inner_text("#tensor"))
        self.assertLess(self.view(page)["x1"] - self.view(page)["x0"], 20)
        page.fill("#search", "")
        page.check("#at-peak")
        step = page.evaluate("maps[0].arena.metrics.peak_step")
        alive = [i for i in range(40) if i <= step < i + 3]
        self.assertEqual(page.inner_text("#matches"), f"{len(alive)} of 40")
        page.uncheck("#at-peak")
        page.select_option("#size", "1024")
        self.assertEqual(page.inner_text("#matches"), "37 of 40")

    def test_classes_can_be_hidden(self):
        page = self.open(self.report(self.write("graph.json", GRAPH)))
        page.uncheck("[data-group=activation]")
        self.assertEqual(page.inner_text("#matches"), "2 of 4")
        page.check("[data-group=activation]")
        self.assertEqual(page.inner_text("#matches"), "")

    def test_zoom_and_pan_by_mouse(self):
        page = self.open(self.report(self.write("names.json", problem(["n"] * 60))))
        whole = self.view(page)
        x, y = map(round, self.place(page, 30, 1000))  # a wheel turns at whole pixels
        at = page.evaluate("""([x, y]) => { const box = maps[0].canvas.getBoundingClientRect();
            return [maps[0].stepAt(x - box.left), maps[0].bytesAt(y - box.top)]; }""", [x, y])
        page.mouse.move(x, y)
        page.mouse.wheel(0, -600)
        self.settle(page)
        near = self.view(page)
        self.assertLess(near["x1"] - near["x0"], (whole["x1"] - whole["x0"]) / 2)
        self.assertAlmostEqual(self.place(page, *at)[0], x, delta=1)  # what is pointed at stays
        self.assertAlmostEqual(self.place(page, *at)[1], y, delta=1)
        page.mouse.down()
        page.mouse.move(x - 100, y)
        page.mouse.up()
        self.assertAlmostEqual(self.place(page, *at)[0], x - 100, delta=1.5)
        page.keyboard.down("Shift")
        page.mouse.wheel(0, -100)
        page.keyboard.up("Shift")
        after = self.view(page)
        self.assertAlmostEqual(after["y1"] - after["y0"], near["y1"] - near["y0"], delta=1)
        page.click("#zoom-all")
        self.assertEqual(self.view(page), whole)

    def test_keyboard_alone(self):
        page = self.open(self.report(self.write("names.json", problem(["n"] * 60))))
        whole = self.view(page)
        for _ in range(20):  # the map can be reached
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.tagName") == "CANVAS":
                break
        self.assertEqual(page.evaluate("document.activeElement.tagName"), "CANVAS")
        page.keyboard.press("+")
        near = self.view(page)
        self.assertLess(near["x1"] - near["x0"], whole["x1"] - whole["x0"])
        page.keyboard.press("ArrowRight")
        self.assertGreater(self.view(page)["x0"], near["x0"])
        page.keyboard.press("ArrowDown")
        self.assertLess(self.view(page)["y0"], near["y0"] + 1e-9)
        page.keyboard.press("0")
        self.assertEqual(self.view(page), whole)
        page.keyboard.press(".")
        first = page.inner_text("#tensor h2")
        page.keyboard.press(".")
        self.assertEqual(page.evaluate("shared.selected"), page.evaluate("table.order[1]"))
        page.keyboard.press(",")
        self.assertEqual(page.inner_text("#tensor h2"), first)
        page.keyboard.press("Enter")
        self.assertNotEqual(self.view(page), whole)
        unnamed = page.evaluate("""[...document.querySelectorAll("button, input, select, canvas, [role=grid]")]
            .filter((e) => !(e.getAttribute("aria-label") || e.innerText || (e.labels && e.labels.length)))
            .map((e) => e.outerHTML)""")
        self.assertEqual(unnamed, [])

    def test_dark_and_light(self):
        path = self.report(self.write("graph.json", GRAPH))
        grounds = {}
        for scheme in ("light", "dark"):
            page = self.open(path, color_scheme=scheme)
            grounds[scheme] = sum(self.pixel(page, 2.5, 7000 * 0.85))
            page.click("#theme")
            self.settle(page)
            grounds[scheme + " turned"] = sum(self.pixel(page, 2.5, 7000 * 0.85))
        self.assertGreater(grounds["light"], 600)
        self.assertLess(grounds["dark"], 200)
        self.assertEqual(grounds["dark"], grounds["light turned"])
        self.assertEqual(grounds["light"], grounds["dark turned"])

    def test_policies_side_by_side(self):
        source = self.write("names.json", problem(["n"] * 30))
        page = self.open(self.report(source, "--policy", "auto,no_reuse"))
        self.assertEqual(page.locator("canvas").count(), 2)
        self.assertIn("no_reuse", page.inner_text("figcaption >> nth=1"))
        page.mouse.click(*self.place(page, 15, 100, 1))
        self.assertIn("no_reuse", page.inner_text("#policy"))

    def test_pools_are_maps_of_their_own(self):
        path = self.report(self.write("names.json", problem(["n"] * 20)))
        begin, rest = path.read_text().split('id="data">')
        text, end = rest.split("</script>", 1)
        data = json.loads(text)
        plan = data["graphs"][0]["plans"][0]
        fast = json.loads(json.dumps(plan["spaces"][0]))
        plan["space"] = [i % 2 for i in range(20)]
        plan["spaces"].append({**fast, "name": "sram"})
        path.write_text(begin + 'id="data">' + json.dumps(data) + "</script>" + end)
        page = self.open(path)
        self.assertEqual(page.locator("canvas").count(), 2)
        self.assertIn("space sram", page.inner_text("figcaption >> nth=1"))
        self.assertEqual(page.evaluate("maps.map((map) => map.arena.count)"), [10, 10])
        empty = tuple(page.evaluate("parseColor(theme.empty)"))
        where = (5.8, plan["offset"][5] + 800)
        self.assertEqual(self.pixel(page, *where, 0), empty)
        self.assertNotEqual(self.pixel(page, *where, 1), empty)

    def test_streams_are_lanes(self):
        graph = {"schema": "orionrt.graph/1",
                 "tensors": [{"id": 0, "bytes": 640, "roles": ["input"]}, {"id": 1, "bytes": 640, "name": "a"},
                             {"id": 2, "bytes": 640, "name": "b"},
                             {"id": 3, "bytes": 640, "name": "c", "roles": ["output"]}],
                 "ops": [{"id": 1, "inputs": [0], "outputs": [1]},
                         {"id": 2, "inputs": [1], "outputs": [2], "stream": 1, "waits": [1]},
                         {"id": 3, "inputs": [1, 2], "outputs": [3], "waits": [2]}]}
        graph["ops"].insert(2, {"id": 4, "inputs": [0], "outputs": [4]})
        graph["tensors"].append({"id": 4, "bytes": 64, "name": "beside"})
        source = self.write("lanes.json", graph)
        page = self.open(self.report(source))
        plan = json.loads(orionrt("plan", source, "--format", "json"))
        self.assertEqual(page.evaluate("maps.length"), 2)
        self.assertIn("stream 1", page.locator("#maps").inner_text())
        for lane in (0, 1):
            there = sorted((b["offset"], b["lower"][lane], b["upper"][lane]) for b in plan["buffers"]
                           if b["lower"][lane] < b["upper"][lane])
            drawn = page.evaluate("""(lane) => { const { x0, x1, y0 } = maps[lane].arena;
                return [...y0].map((y, k) => [y, x0[k], x1[k]]); }""", lane)
            self.assertEqual(sorted(map(tuple, drawn)), there)
        for arena in page.evaluate("""maps.map(({ arena: { x0, x1, y0, y1 } }) =>
                [...x0].map((x, k) => [x, x1[k], y0[k], y1[k]]))"""):
            for i, (x0, x1, y0, y1) in enumerate(arena):
                for a0, a1, b0, b1 in arena[:i]:
                    self.assertTrue(x1 <= a0 or a1 <= x0 or y1 <= b0 or b1 <= y0)
        self.assertIn("own bytes per stream", page.locator("#figures").inner_text())
        page.evaluate("maps[1].canvas.focus(); choose(1)")
        self.assertIn("of stream 0", page.locator("#tensor").inner_text())
        self.assertEqual(self.troubles, [])

    def test_the_peak_is_explained(self):
        source = self.write("relu.json", RELU)
        explanation = json.loads(orionrt("plan", source, "--explain", "--format", "json"))["explanation"]
        page = self.open(self.report(source))
        panel = page.inner_text("#explained")
        self.assertIn("At step 1 (relu1) 3 buffers are alive together and need 288 bytes.", panel)
        for change in explanation["what_ifs"]:
            self.assertIn(f"−{change['saving_bytes']} B {change['sentence']}", panel)
            self.assertIn(f"then {change['new_peak_bytes']} B", panel)
        self.assertIn('−64 B writing op 1 "relu1" in place of tensor 1 "a"\n'
                      "then 224 B (224 bytes), held at step 0 conv0", panel)
        items = page.locator("#explained [role=option]")
        self.assertEqual(items.count(), len(explanation["holders"]))
        for n, holder in enumerate(explanation["holders"]):
            for word in (f"{holder['bytes']} B", holder["why"]):
                self.assertIn(word, items.nth(n).inner_text())

    def test_a_holder_is_chosen_by_mouse_and_keys(self):
        page = self.open(self.report(self.write("relu.json", RELU)))
        self.assertEqual(page.locator("#explained [aria-selected=true]").count(), 0)
        page.evaluate("see(2.5, 3, 0.9, 1)")  # where none of them is
        page.click("#explained [role=option] >> nth=1")
        self.assertEqual(page.inner_text("#tensor h2"), "b")
        self.assertEqual(page.get_attribute("#rows [aria-selected=true]", "data-tensor"), "2")
        self.assertEqual(page.get_attribute("#explained [aria-selected=true]", "data-tensor"), "2")
        seen, place = self.view(page), page.evaluate("placeOf(2)")
        for low, high in (("x0", "x1"), ("y0", "y1")):
            self.assertLess(place[low], seen[high])
            self.assertGreater(place[high], seen[low])
        page.click("#rows [data-tensor='1']")  # a choice elsewhere shows here
        self.assertEqual(page.get_attribute("#explained [aria-selected=true]", "data-tensor"), "1")
        page.evaluate("choose(-1)")
        page.focus("canvas")
        for _ in range(5):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('role')") == "listbox":
                break
        page.keyboard.press("Enter")
        self.assertEqual(page.inner_text("#tensor h2"), "a")
        page.keyboard.press("ArrowDown")
        self.assertEqual(page.inner_text("#tensor h2"), "b")
        chosen = page.evaluate("""document.getElementById(
            document.activeElement.getAttribute("aria-activedescendant")).dataset.tensor""")
        self.assertEqual(chosen, "2")
        page.keyboard.press("End")
        page.keyboard.press("ArrowDown")
        self.assertEqual(page.inner_text("#tensor h2"), "skip")

    def test_many_holders_are_shown_when_asked_for(self):
        together = [{"id": str(i), "size": 1000 - i, "lower": 0, "upper": 5} for i in range(300)]
        page = self.open(self.report(self.write("together.json", {"schema": "orionrt.problem/1", "buffers": together})))
        self.assertEqual(page.locator("#explained [role=option]").count(), 50)
        page.click("text=all 300")
        self.assertEqual(page.locator("#explained [role=option]").count(), 300)
        page.keyboard.press("End")
        self.assertEqual(page.inner_text("#tensor h2"), "299")
        item, panel = (page.locator(f"#explained{part}").bounding_box() for part in (" [aria-selected=true]", ""))
        self.assertLess(item["y"] + item["height"], panel["y"] + panel["height"] + 1)

    def test_each_plan_has_its_own_explanation(self):
        source = self.write("relu.json", {**RELU, "tensors": [{**t, "bytes": t["bytes"] + 1} for t in RELU["tensors"]]})
        page = self.open(self.report(source, "--policy", "auto,no_reuse"))
        first = page.inner_text("#explained")
        page.focus("canvas >> nth=1")
        second = page.inner_text("#explained")
        self.assertIn('in place of tensor 1 "a"', first)
        self.assertIn("bytes higher", second)
        for n, policy in enumerate(("auto", "no_reuse")):
            plan = json.loads(orionrt("plan", source, "--explain", "--policy", policy, "--format", "json"))
            for change in plan["explanation"]["what_ifs"]:
                self.assertIn(f"−{change['saving_bytes']} B {change['sentence']}", (first, second)[n])

    def test_says_where_the_plan_is_highest_if_it_is_elsewhere(self):
        buffers = [(0, 1, 100, 0), (0, 1, 100, 100), (1, 2, 50, 200)]
        plan = {"schema": "orionrt.plan/1", "peak_bytes": 250, "buffers": [
            {"id": str(n), "lower": b[0], "upper": b[1], "size": b[2], "offset": b[3]} for n, b in enumerate(buffers)]}
        page = self.open(self.report(self.write("high.json", plan)))
        self.assertIn("Alive at step 0, where the most bytes are: 200 B in 2 tensors", page.inner_text("#explained"))
        self.assertIn("The highest byte of this plan is in use at step 1.", page.inner_text("#explained"))
        page = self.open(self.report(self.write("relu.json", RELU)))
        self.assertNotIn("The highest byte", page.inner_text("#explained"))

    def test_of_a_staircase_what_is_alive_counts(self):
        plan = {"schema": "orionrt.plan/1", "peak_bytes": 100, "buffers": [
            {"id": "a", "lower": 0, "upper": 4, "size": 80, "offset": 0, "parts": [
                {"lower": 0, "upper": 3, "begin": 0, "end": 30}, {"lower": 1, "upper": 3, "begin": 30, "end": 60},
                {"lower": 3, "upper": 4, "begin": 60, "end": 80}]},
            {"id": "b", "lower": 1, "upper": 2, "size": 20, "offset": 80}]}
        page = self.open(self.report(self.write("stairs.json", plan)))
        self.assertIn("80 B in 2 tensors", page.inner_text("#explained"))
        self.assertIn("60 B", page.inner_text("#explained [role=option] >> nth=0"))
        self.assertEqual(page.inner_text("#rows [data-tensor='0'] >> [role=gridcell] >> nth=2"), "60.0 %")

    def test_spills(self):
        source = self.write("names.json", problem(NASTY[:3] + ["n"] * 9))
        plan = json.loads(orionrt("plan", source, "--space", "sram=2K", "--space", "dram", "--format", "json"))
        self.assertGreater(len(plan["spills"]), 1)
        page = self.open(self.report(source, "--space", "sram=2K", "--space", "dram"))
        items = page.locator("[aria-label='not where they would best be'] [role=option]")
        self.assertEqual(items.count(), len(plan["spills"]))
        ids = {b["id"]: n for n, b in enumerate(plan["buffers"])}
        shown = {int(item.get_attribute("data-tensor")): item.inner_text() for item in items.all()}
        for spill in plan["spills"]:
            line = shown[ids[spill["buffer"]]]
            self.assertEqual(spill["reason"], "no_room")
            for word in ("sram → dram", f"cost {spill['cost']:,}",
                         f"{spill['room_bytes']} B left in sram at step {spill['step']}"):
                self.assertIn(word, line)
        items.nth(1).click()
        self.assertIn("space dram", page.inner_text("#policy"))  # the map where it lies
        self.assertEqual(page.inner_text("#tensor dd >> nth=0"), f"b{page.evaluate('shared.selected')}")
        self.assertIn("Space dram, with what it holds.", page.inner_text("#explained p >> nth=0"))

    def test_bodies_are_tabs(self):
        model = SHARED / "models" / "onnx" / "silero_vad.onnx"
        if not model.exists():
            self.skipTest(f"{model} is not here")
        page = self.open(self.report(model, "--dim", "*=1"))
        self.assertGreater(page.locator("[role=tab]").count(), 2)
        peak = page.inner_text("#figures")
        self.assertIn("read last by op", page.inner_text("#explained"))
        page.click("[role=tab] >> nth=1")
        self.assertIn("read last by op", page.inner_text("#explained"))  # bodies are explained as the graph is
        self.assertIn("else_branch", page.inner_text("#source"))
        self.assertNotEqual(page.inner_text("#figures"), peak)
        page.keyboard.press("ArrowLeft")
        self.assertEqual(page.inner_text("#figures"), peak)

    def test_nothing_to_show(self):
        for n, empty in enumerate(([], [{"id": "x", "size": 0, "lower": 0, "upper": 1}])):
            page = self.open(self.report(self.write(f"empty{n}.json",
                                                    {"schema": "orionrt.problem/1", "buffers": empty})))
            self.assertIn("0 B", page.inner_text("#figures"))
            self.assertIn("Nothing needs any bytes.", page.inner_text("#explained"))
            page.keyboard.press(".")
            page.keyboard.press("+")

    def test_nasty_names_are_harmless(self):
        source = self.write("a<img src=x onerror=window.pwned=1>&\"'.json", problem(NASTY))
        plain = self.open(self.report(self.write("plain.json", problem(["n"] * len(NASTY)))))
        count = """document.querySelectorAll('*').length - document.querySelectorAll('#still *').length -
            document.querySelectorAll('#explained *').length"""  # the one names more tensors alive at the peak
        page = self.open(self.report(source))
        self.assertEqual(page.evaluate(count), plain.evaluate(count))
        self.assertEqual(page.evaluate("document.scripts.length"), plain.evaluate("document.scripts.length"))
        for tag in ("img", "b[class]", "iframe", "a"):
            self.assertEqual(page.evaluate(f"document.querySelectorAll('{tag}').length"), 0)
        labels = page.evaluate("Array.from(NASTY_COUNT, (_, i) => maps[0].arena.graph.label(i))"
                               .replace("NASTY_COUNT", f"{{length: {len(NASTY)}}}"))
        for name, label in zip(NASTY, labels):
            shown = "".join("?" if ord(c) < 32 else c for c in name)
            self.assertEqual(label, shown if len(shown) <= 1000 else shown[:1000] + "...")
        for i in range(len(NASTY)):
            page.evaluate(f"choose({i})")
            page.mouse.move(*page.evaluate(f"""(() => {{ const box = maps[0].canvas.getBoundingClientRect();
                const {{ plan }} = maps[0].arena;
                return [box.left + maps[0].xOf({i} + 1.5), box.top + maps[0].yOf(plan.offset[{i}] + 500)]; }})()"""))
        self.assertEqual(page.inner_text("#tensor h2")[:50], "y" * 50)
        self.assert_harmless(page)

    def test_nasty_names_are_harmless_where_the_peak_is_explained(self):
        tensors = [{"id": n, "bytes": 100 + n, "name": name} for n, name in enumerate(NASTY)]
        ops = [{"type": "Relu", "inputs": [n], "outputs": [n + 1], "name": NASTY[-n]} for n in range(len(NASTY) - 1)]
        tensors[3]["roles"] = tensors[-1]["roles"] = ["output"]
        page = self.open(self.report(self.write("nasty.json",
                                                {"schema": "orionrt.graph/1", "tensors": tensors, "ops": ops})))
        panel = page.inner_text("#explained")
        self.assertIn("What would lower the peak", panel)
        self.assertIn('"line?break" right after', panel)
        for n in range(page.locator("#explained [role=option]").count()):
            page.click(f"#explained [role=option] >> nth={n}")
        self.assertLessEqual(set(page.evaluate("[...document.querySelectorAll('#explained *')].map((e) => e.tagName)")),
                             {"B", "BDI", "BUTTON", "DIV", "H2", "H3", "LI", "P", "SMALL", "SPAN", "UL"})
        self.assert_harmless(page)
        self.assertLessEqual(page.evaluate("$('explained').scrollWidth - $('explained').clientWidth"), 0)

    def assert_harmless(self, page):
        self.assertIsNone(page.evaluate("window.pwned ?? null"))
        self.assertLess(page.evaluate("document.documentElement.scrollWidth"), 1290)

    def test_print(self):
        page = self.open(self.report(self.write("graph.json", GRAPH)), color_scheme="dark")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        self.assertTrue(page.is_visible("#still svg"))
        self.assertFalse(page.is_visible("canvas"))
        self.assertEqual(page.locator("#print tr").count(), 5)
        self.assertTrue(page.is_visible("#print-explained"))
        self.assertEqual(page.inner_text("#print-explained h2"), "The peak explained")
        self.assertEqual(page.locator("#print-explained [role=option]").count(), 2)
        self.assertEqual(page.evaluate("getComputedStyle(document.querySelector('.plan .paper')).fill"),
                         "rgb(255, 255, 255)")

    def test_small_screen(self):
        page = self.open(self.report(self.write("graph.json", GRAPH)), viewport={"width": 390, "height": 800})
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 390)
        self.assertGreater(page.evaluate("maps[0].plot.h"), 200)
        page.click("#explained [role=option] >> nth=1")  # far below the map, which comes into sight
        self.settle(page)
        self.assertGreater(page.evaluate("maps[0].canvas.getBoundingClientRect().bottom"), 100)

    def test_svg_is_xml(self):
        sources = [self.write("graph.json", GRAPH), self.write("nasty.json", problem(NASTY)),
                   self.write("many.json", many(20000, 2))]
        for source in sources:
            path = self.report(source, "--policy", "first_fit,no_reuse", suffix=".svg")
            self.assertLess(path.stat().st_size, 2e6)
            document = xml.dom.minidom.parse(str(path))
            self.assertEqual(document.documentElement.tagName, "svg")
            self.assertEqual(document.getElementsByTagName("script"), [])
            page = self.browser.new_page()
            page.goto(path.as_uri())
            self.assertEqual(page.evaluate("document.documentElement.tagName"), "svg")
            self.assertEqual(page.evaluate("document.querySelectorAll('parsererror').length"), 0)
            page.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
