import unittest

from databroker.query import QueryError, parse


class QueryTest(unittest.TestCase):
    def holds(self, condition: str, **values) -> bool:
        return parse(f"SELECT A WHERE {condition}").holds(values)

    def test_selection(self):
        query = parse("SELECT Vehicle.Speed, Vehicle.IsMoving")
        self.assertEqual(query.selected, ("Vehicle.Speed", "Vehicle.IsMoving"))
        self.assertTrue(query.holds({}))

    def test_names_of_the_condition_count(self):
        query = parse("select Vehicle.Speed where Vehicle.IsMoving = true")
        self.assertEqual(query.names, {"Vehicle.Speed", "Vehicle.IsMoving"})
        self.assertEqual(query.selected, ("Vehicle.Speed",))

    def test_comparisons(self):
        self.assertTrue(self.holds("A > 1.5", A=2))
        self.assertFalse(self.holds("A > 1.5", A=1))
        self.assertTrue(self.holds("A = 'ON'", A="ON"))
        self.assertTrue(self.holds("A <> 'ON'", A="OFF"))
        self.assertTrue(self.holds("A >= -3", A=-3))
        self.assertTrue(self.holds("A", A=True))

    def test_what_is_not_available_does_not_hold(self):
        self.assertFalse(self.holds("A > 1"))
        self.assertFalse(self.holds("A <> 1"))

    def test_different_types_do_not_compare(self):
        self.assertFalse(self.holds("A > 1", A="text"))

    def test_and_binds_closer_than_or(self):
        condition = "A = 1 OR B = 1 AND C = 1"
        self.assertTrue(self.holds(condition, A=1, B=0, C=0))
        self.assertFalse(self.holds(f"({condition.replace(' AND', ') AND', 1)}", A=1, B=0, C=0))
        self.assertTrue(self.holds("NOT A = 1 AND B = 1", A=0, B=1))

    def test_errors(self):
        for text in ("", "SELECT", "SELECT A WHERE", "SELECT A B", "SELECT A WHERE A >", "SELECT A; DROP", "SELECT 1"):
            with self.subTest(text), self.assertRaises(QueryError):
                parse(text)
