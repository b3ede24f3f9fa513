// Wavelet filters, and the bank of zero-phase band-passes that adaptive augmentation amplifies (Karras et al. 2020, "Training Generative
// Adversarial Networks with Limited Data", appendix B).
#pragma once

#include <map>
#include <string>
#include <vector>

namespace orrery::gan {

// "haar", "db1".."db8", "sym2".."sym8". Throws std::invalid_argument.
const std::vector<double>& wavelet_low_pass(const std::string& name);
std::vector<std::string> wavelet_names();

// `bands` filters of equal odd length, centred; they sum to a unit impulse. Band 0 is the lowest, each next one an octave above.
std::vector<std::vector<double>> wavelet_filter_bank(const std::string& name, int bands);

}  // namespace orrery::gan
