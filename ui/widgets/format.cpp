#include "ui/widgets/format.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <cmath>

namespace orrery::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("Format", text); }

}  // namespace

QString formatNumber(double value, int decimals) {
  if (std::abs(value) < 0.5 * std::pow(10.0, -decimals)) value = 0.0;  // never "-0.00"
  QLocale locale;
  locale.setNumberOptions(QLocale::OmitGroupSeparator);
  return locale.toString(value, 'f', decimals).replace(QLatin1Char('-'), QChar(0x2212));
}

QString formatBytes(std::int64_t bytes) { return QLocale().formattedDataSize(bytes, bytes < 1'000'000 ? 0 : 1, QLocale::DataSizeSIFormat); }

QString formatDuration(double seconds) {
  if (!(seconds >= 0.0) || seconds > 1e8) return tr("unknown");
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return tr("%1 s").arg(whole);
  if (whole < 3600)
    return whole % 60 ? tr("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0')) : tr("%1 min").arg(whole / 60);
  if (whole < 48 * 3600) return tr("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60, 2, 10, QLatin1Char('0'));
  return tr("%1 days %2 h").arg(whole / 86400).arg(whole % 86400 / 3600);
}

QString formatAgo(std::int64_t seconds) {
  if (seconds < 60) return tr("just now");
  if (seconds < 3600) return tr("%1 min ago").arg(seconds / 60);
  if (seconds < 86400) return tr("%1 h ago").arg(seconds / 3600);
  if (seconds < 2 * 86400) return tr("yesterday");
  return tr("%1 days ago").arg(seconds / 86400);
}

QString withUnit(const QString& number, const QString& unit) {
  if (unit.isEmpty()) return number;
  return number + (unit == QLatin1String("%") || unit == QLatin1String("°") ? QString() : QString(QChar(0x2009))) + unit;
}

int decimalsFor(double step) {
  if (!(step > 0.0)) return 2;
  int decimals = 0;
  while (decimals < 6 && std::abs(step - std::round(step)) > 1e-6 * std::max(1.0, step)) step *= 10.0, ++decimals;
  return decimals;
}

bool parseNumber(const QString& text, double* value) {
  QString plain = text.trimmed();
  plain.replace(QChar(0x2212), QLatin1Char('-'));
  bool ok = false;
  double number = QLocale().toDouble(plain, &ok);
  if (!ok) number = QLocale::c().toDouble(plain, &ok);
  if (!ok || !std::isfinite(number)) return false;
  *value = number;
  return true;
}

}  // namespace orrery::ui
