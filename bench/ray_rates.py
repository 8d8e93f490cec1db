"""Placement groups per second in Ray, on nodes that are simulated on this machine.

The cases are those of Phalanx's `PlacementRates`, under the same names. One cycle is: create, wait
until created, remove; Ray's removal returns before the nodes have freed what they held. Prints one
JSON object for each case.
"""
import argparse
import json
import time

import ray
from ray.cluster_utils import Cluster
from ray.util.placement_group import placement_group, remove_placement_group

PATIENCE = 60  # seconds that a group may take
IN_FLIGHT = 16
AT_ONCE = 1000
SHARE_AT_ONCE = 0.03  # of a GPU
ONE_AT_A_TIME = [(1, "PACK"), (4, "PACK"), (4, "STRICT_PACK"), (4, "SPREAD"), (4, "STRICT_SPREAD"), (8, "SPREAD"), (8, "STRICT_SPREAD")]
ON_ONE_NODE = {"PACK", "STRICT_PACK"}


def start(nodes, gpus):
    """Few CPUs, so that Ray starts few worker processes: none is used."""
    node = {"num_cpus": 1, "num_gpus": gpus, "object_store_memory": 80 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    for _ in range(nodes - 1):
        cluster.add_node(**node)
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    return cluster


def create_all(count, bundles, strategy, gpus):
    groups = [placement_group([{"GPU": gpus}] * bundles, strategy=strategy) for _ in range(count)]
    for group in groups:
        if not group.wait(PATIENCE):
            raise RuntimeError(f"a group of {bundles} bundles, {strategy}, was not created in {PATIENCE} s")
    return groups


def remove_all(groups):
    for group in groups:
        remove_placement_group(group)


def cycles(count, bundles, strategy, seconds):
    """Returns the duration of each cycle of `count` groups, in seconds."""
    durations = []
    end = time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        remove_all(create_all(count, bundles, strategy, 1))
        durations.append(time.perf_counter() - started)
    return durations


def report(nodes, bundles, strategy, mode, groups, durations):
    durations = sorted(durations)
    print(json.dumps({
        "where": f"{nodes} nodes", "bundles": bundles, "strategy": strategy, "mode": mode, "cycles": groups,
        "per_s": round(groups / sum(durations), 1), "p50_ms": round(durations[len(durations) // 2] * 1e3, 2),
        "p99_ms": round(durations[int(len(durations) * 0.99)] * 1e3, 2)}), flush=True)


def at_once(nodes):
    started = time.perf_counter()
    groups = create_all(AT_ONCE, 1, "PACK", SHARE_AT_ONCE)
    created = time.perf_counter() - started
    remove_all(groups)
    report(nodes, 1, "PACK", f"{AT_ONCE} at once", AT_ONCE, [created])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3, help="per case")
    parser.add_argument("--gpus", type=int, default=4, help="of each node")
    arguments = parser.parse_args()
    nodes, seconds = arguments.nodes, arguments.seconds
    cluster = start(nodes, arguments.gpus)
    cycles(1, 1, "PACK", seconds)
    for bundles, strategy in ONE_AT_A_TIME:
        if nodes > 1 or strategy in ON_ONE_NODE:
            cycles(1, bundles, strategy, seconds / 8)
            durations = cycles(1, bundles, strategy, seconds)
            report(nodes, bundles, strategy, "one at a time", len(durations), durations)
    cycles(IN_FLIGHT, 1, "PACK", seconds / 8)
    durations = cycles(IN_FLIGHT, 1, "PACK", seconds)
    report(nodes, 1, "PACK", f"{IN_FLIGHT} in flight", IN_FLIGHT * len(durations), durations)
    at_once(nodes)
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
