import json
import tempfile
import unittest
from pathlib import Path

from databroker.__main__ import BUILT_IN_VSS, load_catalog, parse_arguments
from databroker.catalog import Catalog, InvalidType, OutOfBounds


def catalog(*entries: tuple[str, str, str]) -> Catalog:
    made = Catalog()
    for path, data_type, kind in entries:
        made.add(path, data_type, kind)
    return made


class LoadingTest(unittest.TestCase):
    def test_built_in_tree_has_the_signals_of_the_samples(self):
        built_in = load_catalog("")
        self.assertEqual(built_in.by_path("Vehicle.Speed").data_type, "float")
        self.assertEqual(built_in.by_path("Vehicle.Cabin.Seat.Row1.DriverSide.Position").kind, "actuator")
        self.assertGreater(len(built_in), 50)

    def test_a_vss_file_replaces_the_built_in_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "vss.json"
            leaf = {"type": "sensor", "datatype": "int8", "min": -5, "unit": "celsius"}
            file.write_text(json.dumps({"Truck": {"type": "branch", "children": {"Cold": leaf}}}), encoding="utf-8")
            loaded = load_catalog(str(file))
        self.assertEqual([signal.path for signal in loaded], ["Truck.Cold"])
        self.assertEqual(loaded.by_path("Truck.Cold").minimum, -5)

    def test_several_files_are_merged(self):
        self.assertEqual(len(load_catalog(f"{BUILT_IN_VSS},{BUILT_IN_VSS}")), len(load_catalog("")))


class AddingTest(unittest.TestCase):
    def test_the_same_signal_twice_is_one(self):
        one = catalog(("A.B", "float", "sensor"))
        self.assertIs(one.add("A.B", "float", "sensor"), one.by_path("A.B"))

    def test_another_type_is_refused(self):
        with self.assertRaises(InvalidType):
            catalog(("A.B", "float", "sensor"), ("A.B", "string", "sensor"))

    def test_unknown_types_are_refused(self):
        with self.assertRaises(InvalidType):
            catalog(("A.B", "complex", "sensor"))


class FindingTest(unittest.TestCase):
    def setUp(self):
        self.catalog = catalog(
            ("Vehicle.Speed", "float", "sensor"),
            ("Vehicle.Cabin.Door.Row1.IsOpen", "boolean", "actuator"),
            ("Vehicle.Cabin.Door.Row2.IsOpen", "boolean", "actuator"),
            ("VehicleX", "float", "sensor"),
        )

    def find(self, pattern: str) -> list[str]:
        return [signal.path for signal in self.catalog.find(pattern)]

    def test_exact(self):
        self.assertEqual(self.find("Vehicle.Speed"), ["Vehicle.Speed"])

    def test_branch(self):
        self.assertEqual(len(self.find("Vehicle.Cabin")), 2)
        self.assertEqual(len(self.find("Vehicle")), 3)

    def test_one_level(self):
        self.assertEqual(len(self.find("Vehicle.Cabin.Door.*.IsOpen")), 2)
        self.assertEqual(self.find("Vehicle.*.IsOpen"), [])

    def test_any_level(self):
        self.assertEqual(len(self.find("Vehicle.**.IsOpen")), 2)
        self.assertEqual(len(self.find("**")), 4)

    def test_nothing(self):
        self.assertEqual(self.find("Vehicle.Spee"), [])


class AcceptingTest(unittest.TestCase):
    def setUp(self):
        self.catalog = Catalog()

    def signal(self, data_type: str, **details):
        return self.catalog.add(f"A.{len(self.catalog)}", data_type, "sensor", **details)

    def test_numbers(self):
        self.assertEqual(self.signal("uint8").accept(255), 255)
        self.assertEqual(self.signal("float").accept(3), 3.0)
        with self.assertRaises(OutOfBounds):
            self.signal("uint8").accept(256)
        with self.assertRaises(InvalidType):
            self.signal("uint8").accept(1.5)

    def test_booleans_are_no_numbers(self):
        self.assertIs(self.signal("boolean").accept(True), True)
        for data_type in ("uint8", "float", "string"):
            with self.assertRaises(InvalidType):
                self.signal(data_type).accept(True)
        with self.assertRaises(InvalidType):
            self.signal("boolean").accept(1)

    def test_limits(self):
        limited = self.signal("int8", minimum=0, maximum=100)
        for value in (-1, 101):
            with self.assertRaises(OutOfBounds):
                limited.accept(value)
        self.assertEqual(limited.accept(0), 0)

    def test_allowed_values(self):
        limited = self.signal("string", allowed=("ON", "OFF"))
        self.assertEqual(limited.accept("ON"), "ON")
        with self.assertRaises(OutOfBounds):
            limited.accept("MAYBE")

    def test_arrays(self):
        self.assertEqual(self.signal("uint8[]").accept([1, 2]), [1, 2])
        with self.assertRaises(InvalidType):
            self.signal("uint8[]").accept(1)
        with self.assertRaises(InvalidType):
            self.signal("uint8[]").accept(["a"])


class ArgumentsTest(unittest.TestCase):
    def test_defaults(self):
        parsed = parse_arguments([])
        self.assertEqual((parsed.address, parsed.port, parsed.vss), ("0.0.0.0", 55555, ""))

    def test_official_flags(self):
        parsed = parse_arguments(["--insecure", "--port", "1", "--address", "127.0.0.1", "--metadata", "a,b"])
        self.assertEqual((parsed.address, parsed.port, parsed.vss), ("127.0.0.1", 1, "a,b"))

    def test_unknown_flags_are_named_and_ignored(self):
        with self.assertLogs("databroker") as logs:
            parse_arguments(["--enable-viss", "--jwt-public-key", "file"])
        self.assertEqual(len(logs.output), 2)
