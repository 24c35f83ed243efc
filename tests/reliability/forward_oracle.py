"""A slow reference for the forward calculation: each component fails once, and networkx walks node by node.

Nothing of the compiled grid is used: rows of the tables, sets of node names, graphs made anew for every question. Ties
carry whatever they are asked to.
"""

from collections import defaultdict

import networkx as nx

PROTECTION = ("breaker", "recloser", "fuse")


class Reference:
    """A network in its normal state (or with other positions) and how long everything takes."""

    def __init__(self, network, assumed, *, operate_lv=False, disconnector_tie=False, closed=None, held=()):
        rows = {name: table.to_pylist() for name, table in network.tables.items() if name != "profiles"}
        self.own = {row["equipment_id"]: row for row in rows["failure_rates"]}
        self.assumed, self.rows = assumed, rows
        self.kv = {row["node_id"]: row["nominal_kv"] for row in rows["nodes"]}
        self.sources = {row["node_id"] for row in rows["sources"]}
        self.fixed = [(row["from_node_id"], row["to_node_id"]) for row in rows["lines"]]
        self.fixed += [(row["hv_node_id"], row["lv_node_id"]) for row in rows["transformers"]]
        self.switches = {row["switch_id"]: row for row in rows["switches"] if row["kind"] != "ground_disconnector"}
        self.ends = {name: (row["from_node_id"], row["to_node_id"]) for name, row in self.switches.items()}
        self.closed = {name: not row["normal_open"] for name, row in self.switches.items()} | (closed or {})
        self.hours = {name: self._hours(row) for name, row in self.switches.items() if name not in held}
        self.ties = {
            name
            for name, row in self.switches.items()
            if not self.closed[name]
            and name in self.hours
            and not row["locked"]
            and row["phased"]
            and (disconnector_tie or row["kind"] not in ("disconnector", "fuse"))
            and (operate_lv or self.kv[row["from_node_id"]] > 1)
        }
        everything = [self.ends[name] for name in self.switches if self.closed[name]]
        self.energised = self._reached(self._graph(everything), self.sources)
        self.parents = self._parents()

    def _hours(self, row):
        if row["locked"]:
            return float("inf")
        own = self.own.get(row["switch_id"], {}).get("operate_h")
        automatic = row["remote"] or row["kind"] in ("recloser", "sectionaliser")
        return own if own is not None else self.assumed.automated_h if automatic else self.assumed.manual_h

    def _graph(self, pairs, nodes=None):
        graph = nx.Graph()
        graph.add_nodes_from(self.kv)
        graph.add_edges_from(self.fixed)
        graph.add_edges_from(pairs)
        return graph if nodes is None else graph.subgraph(nodes)

    @staticmethod
    def _reached(graph, starts):
        found = set()
        for start in starts:
            if start in graph and start not in found:
                found |= nx.node_connected_component(graph, start)
        return found

    def _parents(self):
        """Switch through which each node is normally entered, by a walk from the sources."""
        at = defaultdict(list)
        for one, other in self.fixed:
            at[one].append((other, None))
            at[other].append((one, None))
        for name, (one, other) in self.ends.items():
            if self.closed[name]:
                at[one].append((other, name))
                at[other].append((one, name))
        seen, queue, entry = set(self.sources), list(self.sources), {}
        for node in queue:
            for there, name in at[node]:
                if there not in seen:
                    seen.add(there)
                    queue.append(there)
                    entry[there] = name
        return entry

    def components(self):
        """Every line and transformer: one of its nodes, failures per year, hours until it serves again."""
        for row in self.rows["lines"]:
            low = self.kv[row["from_node_id"]] < 1
            kind = ("lv_" if low else "") + row["kind"]
            rate = getattr(self.assumed, kind) * row["length_m"] / 1000
            yield row["from_node_id"], *self._own(row["line_id"], rate, self.assumed.repair_line_h)
        for row in self.rows["transformers"]:
            name, hours = row["transformer_id"], self.assumed.repair_transformer_h
            yield row["hv_node_id"], *self._own(name, self.assumed.transformer, hours)

    def _own(self, name, rate, hours):
        own = self.own.get(name, {})
        rate = rate if own.get("failures_per_year") is None else own["failures_per_year"]
        wanted = own.get("replace_h" if own.get("spare") else "repair_h")
        return rate, hours if wanted is None else wanted

    def year(self):
        """Interruptions and hours off of every consumer that is fed."""
        interruptions, hours = defaultdict(float), defaultdict(float)
        for node, rate, repair in self.components():
            if node in self.energised and rate:
                for place, off in self.off_after(node).items():
                    interruptions[place] += rate
                    hours[place] += rate * min(off, repair)
        return {
            row["consumer_id"]: (interruptions[row["node_id"]], hours[row["node_id"]])
            for row in self.rows["consumers"]
            if row["node_id"] in self.energised
        }

    def off_after(self, fault):
        """Hours until each node that goes off lives again, infinite for those that wait for the repair."""
        through = [n for n in self.switches if self.closed[n] and self.switches[n]["kind"] not in PROTECTION]
        zone = nx.node_connected_component(self._graph([self.ends[n] for n in through]), fault)
        others = [self.ends[n] for n in self.switches if self.closed[n]]
        live = self._reached(self._graph(others, set(self.kv) - zone), self.sources - zone) & self.energised
        tripped = {n for n, e in self.ends.items() if self.closed[n] and {e[0] in live, e[1] in live} == {True, False}}
        assert all(self.switches[name]["kind"] in PROTECTION for name in tripped)
        off = self.energised - live
        dark, fed = set(self.kv) - live, {}
        for time in sorted({h for h in self.hours.values() if h < float("inf")} | {self.assumed.automated_h}):
            self._restore(fault, time, live, dark, tripped, fed)
        return {node: fed.get(node, float("inf")) for node in off}

    def _restore(self, fault, time, live, dark, tripped, fed):
        operable = {name for name, hours in self.hours.items() if hours <= time}
        opened = {name for name in operable if self.switches[name]["kind"] != "fuse"}
        holding = [self.ends[n] for n in self.switches if self.closed[n] and n not in tripped and n not in opened]
        graph = self._graph(holding, dark - set(fed))
        faulty = nx.node_connected_component(graph, fault)
        zones = [zone for zone in nx.connected_components(graph) if not zone & faulty]
        again = True
        while again:
            again = False
            for zone in zones:
                if not zone & set(fed) and self._enters(zone, time, live, tripped, operable, fed):
                    fed.update(dict.fromkeys(zone, time))
                    again = True

    def _enters(self, zone, time, live, tripped, operable, fed):
        if zone & self.sources and time >= self.assumed.automated_h:
            return True
        top = max(self.kv[node] for node in zone)
        for name, ends in self.ends.items():
            for near, far in (ends, ends[::-1]):
                if far not in zone or not (near in live or near in fed):
                    continue
                if self.closed[name]:
                    passes = name not in tripped or name in operable
                else:
                    passes = name in self.ties and name in operable
                if passes and (self.parents.get(far) == name or self.kv[near] >= 0.99 * top):
                    return True
        return False
