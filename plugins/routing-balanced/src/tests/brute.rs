//! Every plan of a small order, weighed by a second writing-down of the terms.

use signalbox_plugin::routing::*;
use signalbox_plugin::testing::{Decided, DecidedRouting, invariants, random};

use crate::parameters::Parameters;

const DAY_MS: i64 = 86_400_000;

/// A way: a pickup of a group, or a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Pickup(u32),
    Lane(u32),
}

/// Units of a line from a stock row on a way.
#[derive(Clone, Copy, Debug)]
struct Choice {
    way: Way,
    row: u32,
    ratio: u32,
    most: u32,
}

pub(crate) struct Brute<'a> {
    rows: &'a RoutingRows,
    parameters: &'a Parameters,
    open: Vec<u32>,
    choices: Vec<Vec<Choice>>,
    plan: Vec<(u32, Choice, u32)>,
    pub best: Option<((u64, i64), DecidedRouting)>,
}

impl<'a> Brute<'a> {
    /// Every line's choices, in the order that decides between equals: pickups by group, then lanes, then stock rows.
    pub fn new(rows: &'a RoutingRows, parameters: &'a Parameters) -> Brute<'a> {
        let tried = |node: u32| rows.tried_nodes.iter().any(|tried| tried.node == node);
        let groups = (0u32..).zip(&rows.groups);
        let pickups = groups
            .filter(|(_, group)| {
                group.method == Method::Pickup && group.pickup_node.is_some_and(|node| !tried(node))
            })
            .map(|(group, _)| Way::Pickup(group));
        let lanes = (0u32..).zip(&rows.lanes);
        let lanes = lanes
            .filter(|(_, lane)| !tried(lane.node))
            .map(|(lane, _)| Way::Lane(lane));
        let ways: Vec<Way> = pickups.chain(lanes).collect();
        let mut brute = Brute {
            rows,
            parameters,
            open: Vec::new(),
            choices: Vec::new(),
            plan: Vec::new(),
            best: None,
        };
        for (number, line) in (0u32..).zip(&rows.lines) {
            let locked = rows.locked_lines.iter().filter(|locked| locked.line == number);
            let open = line.quantity - locked.map(|locked| locked.quantity).sum::<u32>();
            brute.open.push(open);
            let mut choices = Vec::new();
            for way in &ways {
                for (row, stock) in (0u32..).zip(&rows.stock) {
                    let substitute = rows
                        .substitutes
                        .iter()
                        .find(|other| other.line == number && other.sku == stock.sku && other.consent);
                    let ratio = if stock.sku == line.sku {
                        Some(1)
                    } else {
                        substitute.map(|other| other.ratio)
                    };
                    let free = stock.available.saturating_sub(stock.safety_stock);
                    let most = ratio.map_or(0, |ratio| (free / ratio).min(open));
                    let here = brute.node(*way) == stock.node && brute.group(*way) == line.group;
                    if here && most > 0 {
                        choices.push(Choice {
                            way: *way,
                            row,
                            ratio: ratio.unwrap_or(1),
                            most,
                        });
                    }
                }
            }
            brute.choices.push(choices);
        }
        brute
    }

    /// How many plans there are at most.
    pub fn plans(&self) -> f64 {
        let of_line = |(open, choices): (&u32, &Vec<Choice>)| {
            // Ways to put up to `open` units into the choices.
            (1..=choices.len() as u32).fold(1.0, |product, place| {
                product * f64::from(open + place) / f64::from(place)
            })
        };
        self.open.iter().zip(&self.choices).map(of_line).product()
    }

    /// Weighs them all.
    pub fn run(mut self) -> Self {
        self.line(0, 0, self.open.first().copied().unwrap_or(0));
        self
    }

    fn line(&mut self, line: usize, from: usize, left: u32) {
        if line == self.open.len() {
            self.weigh();
            return;
        }
        let choices = self.choices[line].clone();
        for (place, choice) in choices.iter().enumerate().skip(from) {
            for units in (1..=left.min(choice.most)).rev() {
                self.plan.push((line as u32, *choice, units));
                self.line(line, place + 1, left - units);
                self.plan.pop();
            }
        }
        self.line(line + 1, 0, self.open.get(line + 1).copied().unwrap_or(0));
    }

    fn weigh(&mut self) {
        let served: u64 = self.plan.iter().map(|(_, _, units)| u64::from(*units)).sum();
        let open: u64 = self.open.iter().map(|units| u64::from(*units)).sum();
        let score = (open - served, self.total());
        if self.best.as_ref().is_some_and(|(best, _)| *best <= score) {
            return;
        }
        let decision = self.decision();
        if invariants::broken(self.rows, random::NOW_MS, &decision).is_empty() {
            self.best = Some((score, decision));
        }
    }

    fn node(&self, way: Way) -> u32 {
        match way {
            Way::Pickup(group) => self.rows.groups[group as usize].pickup_node.unwrap(),
            Way::Lane(lane) => self.rows.lanes[lane as usize].node,
        }
    }

    fn group(&self, way: Way) -> u32 {
        match way {
            Way::Pickup(group) => group,
            Way::Lane(lane) => self.rows.lanes[lane as usize].group,
        }
    }

    fn used(&self) -> Vec<Way> {
        let mut used = Vec::new();
        for (_, choice, _) in &self.plan {
            if !used.contains(&choice.way) {
                used.push(choice.way);
            }
        }
        used
    }

    fn released_at(&self) -> i64 {
        self.rows
            .order
            .hold_until
            .map_or(random::NOW_MS, |until| until.max(random::NOW_MS))
    }

    /// Leaves, arrives in the median case, arrives in nine of ten.
    fn times(&self, way: Way) -> (i64, i64, i64) {
        match way {
            Way::Pickup(_) => (self.released_at(), self.released_at(), self.released_at()),
            Way::Lane(lane) => {
                let lane = &self.rows.lanes[lane as usize];
                (
                    lane.ship_at.unwrap(),
                    lane.deliver_p50_at.unwrap(),
                    lane.deliver_p90_at.unwrap(),
                )
            }
        }
    }

    fn decision(&self) -> DecidedRouting {
        let mut decision = DecidedRouting {
            decided: Decided::default(),
            ..DecidedRouting::default()
        };
        for (row, locked) in (0u32..).zip(&self.rows.locked_shipments) {
            decision.shipments.push(ShipmentRow {
                kind: locked.kind,
                from_node: locked.from_node,
                group: locked.group,
                locked: Some(row),
                ship_at: locked.ship_at,
                deliver_by: locked.deliver_by,
                ..Default::default()
            });
            for line in self.rows.locked_lines.iter().filter(|line| line.shipment == row) {
                decision.lines.push(ShipmentLineRow {
                    shipment: row,
                    line: line.line,
                    stock: None,
                    quantity: line.quantity,
                });
            }
        }
        for way in self.used() {
            let shipment = decision.shipments.len() as u32;
            let (ship_at, _, deliver_by) = self.times(way);
            let group = &self.rows.groups[self.group(way) as usize];
            decision.shipments.push(ShipmentRow {
                kind: match (way, group.method) {
                    (Way::Pickup(_), _) => ShipmentKind::Pickup,
                    (Way::Lane(_), Method::Pickup) => ShipmentKind::Transfer,
                    (Way::Lane(_), _) => ShipmentKind::Ship,
                },
                from_node: self.node(way),
                group: Some(self.group(way)),
                to_node: group.pickup_node.filter(|_| matches!(way, Way::Lane(_))),
                lane: match way {
                    Way::Pickup(_) => None,
                    Way::Lane(lane) => Some(lane),
                },
                ship_at: Some(ship_at),
                deliver_by: Some(deliver_by),
                ..Default::default()
            });
            for (line, choice, units) in self.plan.iter().filter(|(_, choice, _)| choice.way == way) {
                decision.lines.push(ShipmentLineRow {
                    shipment,
                    line: *line,
                    stock: Some(choice.row),
                    quantity: units * choice.ratio,
                });
            }
        }
        for (line, open) in (0u32..).zip(&self.open) {
            let served = self.plan.iter().filter(|(other, _, _)| *other == line);
            let left = open - served.map(|(_, _, units)| units).sum::<u32>();
            if left > 0 {
                decision.unassigned.push(UnassignedRow {
                    line,
                    quantity: left,
                    ..Default::default()
                });
            }
        }
        decision
    }

    /// The weighted total in thousandths of a minor unit.
    fn total(&self) -> i64 {
        let used = self.used();
        let shipments: i64 = used.iter().map(|way| self.shipment(*way)).sum();
        let parts: i64 = self
            .plan
            .iter()
            .map(|(line, choice, units)| self.part(*line, choice, *units))
            .sum();
        shipments + parts + self.stockout() + self.split(&used) + self.lateness(&used)
    }

    fn shipment(&self, way: Way) -> i64 {
        let (weights, prices) = (&self.parameters.weights, &self.parameters.prices);
        let node = &self.rows.nodes[self.node(way) as usize];
        let (ship_at, arrives_at, _) = self.times(way);
        let pickup = matches!(way, Way::Pickup(_));
        let mut full_bp = 0;
        for window in self.rows.capacity.iter().filter(|window| {
            window.node == self.node(way)
                && (window.pool == Pool::Pickup) == pickup
                && (window.from..window.to).contains(&ship_at)
        }) {
            full_bp = full_bp.max(i64::from(window.used + window.held) * 10_000 / i64::from(window.limit));
        }
        let tier = self.rows.order.customer_tier;
        let tiers = prices.tier_day_minor.iter();
        let tier_day: i64 = tiers
            .filter(|(name, _)| Word::of(name) == tier)
            .map(|(_, price)| i64::from(*price))
            .sum();
        let milli_days = (arrives_at - random::NOW_MS).max(0) / 86_400;
        let mut total = node.per_shipment * 10 * i64::from(weights.processing)
            + i64::from(prices.full_window_minor * weights.capacity * 10) * full_bp.min(10_000) / 10_000
            + i64::from(prices.rejection_minor * weights.rejection_risk * 10) * i64::from(node.rejection_bp)
                / 10_000
            + i64::from(prices.late_shipment_minor * weights.carrier_reliability * 10) * self.late(way).0
                / 10_000
            + milli_days * tier_day * i64::from(weights.customer_tier) * 10 / 1_000;
        if let Way::Lane(lane) = way {
            let lane = &self.rows.lanes[lane as usize];
            let distance_m = if lane.distance_m > 0 {
                u64::from(lane.distance_m)
            } else {
                self.distance(way)
            };
            let (carriage, parcels) = self.carriage(way, lane);
            total += distance_m as i64 * i64::from(prices.distance_100km_minor * weights.distance * 10)
                / 100_000
                + carriage * i64::from(weights.shipping) * 10
                + parcels
                    * (i64::from(lane.co2_g) * i64::from(prices.carbon_kg_minor * weights.carbon * 10)
                        / 1_000);
        }
        total
    }

    fn distance(&self, way: Way) -> u64 {
        let from = &self.rows.nodes[self.node(way) as usize];
        let group = &self.rows.groups[self.group(way) as usize];
        let to = match group.pickup_node {
            Some(node) => {
                let node = &self.rows.nodes[node as usize];
                (node.lat, node.lon)
            }
            None => (group.lat, group.lon),
        };
        planning::distance_m(
            (from.lat.unwrap(), from.lon.unwrap()),
            (to.0.unwrap(), to.1.unwrap()),
        )
    }

    /// Minor units, and parcels.
    fn carriage(&self, way: Way, lane: &LaneRow) -> (i64, i64) {
        let (mut mass, mut volume) = (0, 0);
        for (line, _, units) in self.plan.iter().filter(|(_, choice, _)| choice.way == way) {
            let line = &self.rows.lines[*line as usize];
            let of_unit = i64::from(line.length_mm) * i64::from(line.width_mm) * i64::from(line.height_mm);
            mass += i64::from(line.weight_g) * i64::from(*units);
            volume += of_unit * i64::from(*units);
        }
        let up = |amount: i64, step: i64| (amount + step - 1) / step;
        let weight = lane
            .dim_divisor
            .map_or(mass, |divisor| mass.max(up(volume, i64::from(divisor))));
        let parcels = lane
            .max_parcel_g
            .map_or(1, |max| up(weight, i64::from(max)).max(1));
        let above = (weight - parcels * i64::from(lane.included_g)).max(0);
        let steps = match lane.step_g {
            0 => 0,
            step => up(above, i64::from(step)),
        };
        (
            parcels * (lane.base + lane.surcharge) + steps * lane.step + lane.duty_tax,
            parcels,
        )
    }

    fn part(&self, line: u32, choice: &Choice, units: u32) -> i64 {
        let (weights, prices) = (&self.parameters.weights, &self.parameters.prices);
        let (line, stock) = (
            &self.rows.lines[line as usize],
            &self.rows.stock[choice.row as usize],
        );
        let node = &self.rows.nodes[stock.node as usize];
        let planned = line.unit_cost;
        let actual = stock
            .unit_cost
            .map_or(planned, |each| each * i64::from(choice.ratio));
        let goodwill = if stock.sku == line.sku {
            0
        } else {
            i64::from(prices.substitute_minor)
        };
        let saved_milli =
            i64::from(weights.markdown_avoidance) * 10 * i64::from(prices.markdown_loss_bp) / 10_000;
        let unit = node.per_unit * i64::from(choice.ratio) * 10 * i64::from(weights.processing)
            - actual * saved_milli * i64::from(stock.markdown_risk_bp) / 10_000
            + (actual - planned + goodwill) * 10 * i64::from(weights.margin);
        let mistrust = 10_000 - i64::from(stock.confidence_bp.unwrap_or(10_000));
        let labour = i64::from(node.minutes_per_line) * i64::from(prices.labour_minute_minor);
        unit * i64::from(units)
            + (node.per_line + labour) * 10 * i64::from(weights.processing)
            + i64::from(prices.short_pick_minor * weights.inventory_confidence * 10) * mistrust / 10_000
    }

    fn stockout(&self) -> i64 {
        let (weights, prices) = (&self.parameters.weights, &self.parameters.prices);
        let missed = (0u32..).zip(&self.rows.stock).map(|(row, stock)| {
            let of_row = self.plan.iter().filter(|(_, choice, _)| choice.row == row);
            let taken: u32 = of_row.map(|(_, choice, units)| units * choice.ratio).sum();
            let sales =
                (u64::from(stock.velocity_milli) * u64::from(prices.stock_cover_days)).div_ceil(1_000);
            i64::from(taken) - (i64::from(stock.available) - sales as i64).max(0)
        });
        let missed: i64 = missed.map(|pieces| pieces.max(0)).sum();
        missed * i64::from(prices.stock_risk_unit_minor * weights.stockout_avoidance * 10)
    }

    fn split(&self, used: &[Way]) -> i64 {
        let mut groups: Vec<u32> = used.iter().map(|way| self.group(*way)).collect();
        let locked: Vec<u32> = self
            .rows
            .locked_shipments
            .iter()
            .filter_map(|locked| locked.group)
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let firsts = groups.iter().filter(|group| !locked.contains(group)).count();
        (used.len() - firsts) as i64
            * i64::from(self.parameters.prices.split_minor * self.parameters.weights.split * 10)
    }

    /// Probability of being late in basis points, and days late.
    fn late(&self, way: Way) -> (i64, i64) {
        let group = &self.rows.groups[self.group(way) as usize];
        let Some(promised_by) = group.promised_by else {
            return (0, 0);
        };
        let (_, p50, p90) = self.times(way);
        let days = ((p90 - promised_by).max(0) + DAY_MS - 1) / DAY_MS;
        let Way::Lane(lane) = way else {
            return if days > 0 { (10_000, days) } else { (0, 0) };
        };
        let on_time = match self.rows.lanes[lane as usize].on_time_bp {
            Some(on_time_bp) => i64::from(on_time_bp),
            None if p90 > p50 => ((promised_by - p50) * 4_000 / (p90 - p50) + 5_000).clamp(0, 9_000),
            None if promised_by >= p50 => 9_000,
            None => 0,
        };
        (10_000 - on_time, days.max(1))
    }

    fn lateness(&self, used: &[Way]) -> i64 {
        let (weights, prices) = (&self.parameters.weights, &self.parameters.prices);
        let day = i64::from(prices.late_day_minor * weights.lateness * 10);
        let of_groups: i64 = (0..self.rows.groups.len() as u32)
            .map(|group| {
                let of_group = used.iter().filter(|way| self.group(**way) == group);
                let worst = of_group.map(|way| {
                    let (late_bp, days) = self.late(*way);
                    day * days * late_bp / 10_000
                });
                worst.max().unwrap_or(0)
            })
            .sum();
        let highest = used.iter().map(|way| self.late(*way).0).max().unwrap_or(0);
        of_groups + self.rows.order.sla_penalty * 10 * i64::from(weights.lateness) * highest / 10_000
    }
}
