#include <ATen/ops/tensor.h>

#include <algorithm>

#include "engine/api/result.h"
#include "engine/tokens/mask_schedule.h"
#include "engine/tokens/maskgit_cases.h"

namespace orrery::tokens {
namespace {

// "cosine.N256" -> {"cosine", 256}; schedules' names may hold a point.
std::pair<std::string, std::int64_t> name_and_total(const std::string& text) {
  const auto at = text.rfind(".N");
  if (at == std::string::npos) throw Error(ErrorCode::bad_input, "The table \"" + text + "\" does not say how many tokens it is for.");
  return {text.substr(0, at), std::stoll(text.substr(at + 2))};
}

std::vector<double> ratios_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

}  // namespace

void run_mask_schedule_case(parity::Case& reference) {
  const std::vector<double> ratios = ratios_of(reference.in("in.ratio"));
  const std::string lengths = "table.mask_len.", plain = "table.";
  for (const auto& [name, table] : reference.io) {
    if (name.rfind(lengths, 0) == 0) {
      const auto end = name.rfind(".T");
      const auto [law, total] = name_and_total(name.substr(lengths.size(), end - lengths.size()));
      const MaskSchedule schedule = MaskSchedule::named(law);
      const std::int64_t rounds = std::stoll(name.substr(end + 2));
      std::vector<std::int64_t> masked;
      for (std::int64_t round = 0; round < rounds; ++round) masked.push_back(masked_after(schedule, round, rounds, total, masked.empty() ? total : masked.back()));
      reference.report(name, at::tensor(masked, at::kLong).to(table.scalar_type()));
    } else if (name.rfind(plain, 0) == 0) {
      const auto [law, total] = name_and_total(name.substr(plain.size()));
      const MaskSchedule schedule = MaskSchedule::named(law);
      std::vector<double> values;
      for (const double ratio : ratios) values.push_back(schedule.masked(ratio, total));
      reference.report(name, at::tensor(values, at::kDouble));
    }
  }
}

void run_halton_case(parity::Case& reference) {
  const auto points = reference.args().at("nb_point").get<std::int64_t>();
  const MaskSchedule arccos = MaskSchedule::named("arccos");
  for (const auto& [name, table] : reference.io) {
    const std::string order = "table.order_", revealed = "table.revealed_";
    if (name.rfind(order, 0) == 0) {
      const auto side = std::stoll(name.substr(order.size()));
      std::vector<std::int64_t> flat;
      for (const auto& [row, col] : halton_order(side, side, points)) flat.insert(flat.end(), {row, col});
      reference.report(name, at::tensor(flat, at::kLong).view({-1, 2}));
    } else if (name.rfind(revealed, 0) == 0) {
      const auto at = name.find("_steps");
      const auto side = std::stoll(name.substr(revealed.size(), at - revealed.size())), steps = std::stoll(name.substr(at + 6));
      std::vector<std::int64_t> counts;
      // The published numbers go on counting where there are more steps than cells.
      for (std::int64_t step = 0; step < steps; ++step) counts.push_back(std::max(step + 1, revealed_after(arccos, step, steps, side * side)));
      reference.report(name, at::tensor(counts, at::kLong));
    }
  }
}

}  // namespace orrery::tokens
