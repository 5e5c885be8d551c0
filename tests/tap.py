"""The test protocol that the test programs in Python speak (https://testanything.org): a case a line."""
import sys


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def case(self, name, faults):
        """One case: right if the list of faults (strings) is empty."""
        self.count += 1
        self.failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.count} - {name}")
        for fault in faults:
            print("\n".join("# " + line for line in fault.splitlines()))

    def skip(self, name, why):
        """`why` says also what would un-skip it."""
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")

    @staticmethod
    def note(text):
        print(f"# {text}")

    def end(self):
        if self.count == 0:
            self.case("something was tested", ["no case ran"])
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
