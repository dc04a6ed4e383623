"""Health and metrics."""

import unittest
import urllib.request

from support import ENDPOINT, client, create, wait_until_ready


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()

    def read(self, path):
        with urllib.request.urlopen(ENDPOINT + path) as response:
            return response.read().decode()

    def test_health(self):
        self.assertEqual(self.read("/health/live"), "live\n")
        self.assertEqual(self.read("/health/ready"), "ready\n")

    def test_metrics(self):
        def started():
            lines = [line for line in self.read("/metrics").splitlines() if line.startswith("ExecutionsStarted ")]
            return int(lines[0].split()[1])

        before = started()
        sfn = client()
        sfn.start_execution(stateMachineArn=create(sfn))
        self.assertEqual(started(), before + 1)
        text = self.read("/metrics")
        for name in ("OpenExecutionCount", "stepwell_live_workers", "stepwell_queue_steps", "stepwell_requests_total"):
            self.assertIn(f"# TYPE {name} ", text)


if __name__ == "__main__":
    unittest.main()
