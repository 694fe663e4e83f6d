#pragma once

#include "Application/Ports/StatisticsReader.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

using application::EventCounts;

/// The quarters of an hour of one day (in UTC), from 0 to 95, that have counts.
using QuartersOfDay = std::map<int, EventCounts>;

/// As read.day_counts holds them: how many quarters follow; of each its number, which counts follow (a bit for each,
/// the lowest for valid), and these. Several behind each other can be read as one. Numbers are LEB128 of the zigzag
/// form (Protocol Buffers, "Encoding"), as a count may be below zero until another part is added.
std::string WriteQuarters(const QuartersOfDay& quarters);

/// Calls `take` for each quarter of all that stand behind each other in `bytes`. Throws std::runtime_error when they
/// are cut off.
void ReadQuarters(std::string_view bytes, const std::function<void(int quarter, const EventCounts& counts)>& take);

}  // namespace volcanion::infrastructure
