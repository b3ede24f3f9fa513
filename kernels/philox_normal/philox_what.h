// What a Philox fill makes of the words. Inner header.
#pragma once

namespace orrery::kernels {

enum class PhiloxWhat { bits, uniform, normal };

}  // namespace orrery::kernels
