#include "ui/timeline/value_text.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>
#include <cmath>

namespace orrery::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("ValueText", text); }

QString number(double value) { return QLocale().toString(value, 'g', 5); }

std::optional<double> numberFrom(const QString& text) {
  bool ok = false;
  double value = QLocale().toDouble(text.trimmed(), &ok);
  if (!ok) value = QLocale::c().toDouble(text.trimmed(), &ok);
  return ok && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

struct Shown {
  QString operator()(bool on) const { return on ? tr("on") : tr("off"); }
  QString operator()(std::int64_t whole) const { return QString::number(whole); }
  QString operator()(double value) const { return number(value); }
  QString operator()(const std::string& text) const { return QString::fromStdString(text); }
  QString operator()(const std::vector<double>& list) const {
    QStringList parts;
    for (const double value : list) parts << number(value);
    return parts.join(QStringLiteral("; "));
  }
};

struct Read {
  const QString& text;
  std::optional<Value> operator()(bool) const {
    const QString word = text.trimmed().toLower();
    if (word == tr("on") || word == QLatin1String("true") || word == QLatin1String("1")) return Value(true);
    if (word == tr("off") || word == QLatin1String("false") || word == QLatin1String("0")) return Value(false);
    return std::nullopt;
  }
  std::optional<Value> operator()(std::int64_t) const {
    bool ok = false;
    const qlonglong whole = text.trimmed().toLongLong(&ok);
    return ok ? std::optional<Value>(static_cast<std::int64_t>(whole)) : std::nullopt;
  }
  std::optional<Value> operator()(double) const {
    const auto value = numberFrom(text);
    return value ? std::optional<Value>(*value) : std::nullopt;
  }
  std::optional<Value> operator()(const std::string&) const { return Value(text.toStdString()); }
  std::optional<Value> operator()(const std::vector<double>& like) const {
    std::vector<double> list;
    for (const QString& part : text.split(QLatin1Char(';'))) {
      const auto value = numberFrom(part);
      if (!value) return std::nullopt;
      list.push_back(*value);
    }
    return list.size() == like.size() ? std::optional<Value>(std::move(list)) : std::nullopt;
  }
};

}  // namespace

QString valueText(const Value& value) { return std::visit(Shown{}, value); }

std::optional<Value> valueFromText(const QString& text, const Value& like) { return std::visit(Read{text}, like); }

}  // namespace orrery::ui
