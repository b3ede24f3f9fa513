#include "ui/style/theme.h"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusInterface>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QFontDatabase>
#include <QFontInfo>
#include <QSettings>

#include "ui/style/orrery_style.h"

namespace orrery::ui {
namespace {

constexpr int kFontPx = 13;
const char* const kPortal = "org.freedesktop.portal.Desktop";
const char* const kPortalPath = "/org/freedesktop/portal/desktop";
const char* const kPortalSettings = "org.freedesktop.portal.Settings";

// The system's font at 13 px. Where nothing is set up (the bare fallback), a font made for screens when there is one.
QFont uiFont() {
  QFont font = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
  const QString resolved = QFontInfo(font).family();
  if (resolved.startsWith(QLatin1String("DejaVu")) || resolved.startsWith(QLatin1String("Bitstream"))) {
    for (const char* better : {"Inter", "Noto Sans", "Cantarell", "Open Sans", "Roboto", "Liberation Sans"}) {
      if (QFontDatabase::hasFamily(QLatin1String(better))) {
        font.setFamily(QLatin1String(better));
        break;
      }
    }
  }
  font.setPixelSize(kFontPx);
  return font;
}

// 1: dark, 2: light, 0: no preference; inside up to two layers of variants.
int colorScheme(QVariant value) {
  while (value.canConvert<QDBusVariant>()) value = value.value<QDBusVariant>().variant();
  return value.toInt();
}

}  // namespace

Theme::Theme(QApplication& application, QObject* parent) : QObject(parent), application_(application) {
  const QString stored = QSettings().value("theme", "dark").toString();
  choice_ = stored == "light" ? ThemeChoice::light : stored == "system" ? ThemeChoice::system : ThemeChoice::dark;
  application_.setStyle(new OrreryStyle);
  application_.setFont(uiFont());
  auto bus = QDBusConnection::sessionBus();
  if (bus.isConnected()) {
    bus.connect(kPortal, kPortalPath, kPortalSettings, "SettingChanged", this, SLOT(onPortalSetting(QString, QString, QDBusVariant)));
    auto call = QDBusMessage::createMethodCall(kPortal, kPortalPath, kPortalSettings, "Read");
    call << "org.freedesktop.appearance"
         << "color-scheme";
    auto* watcher = new QDBusPendingCallWatcher(bus.asyncCall(call, 1000), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this](QDBusPendingCallWatcher* self) {
      QDBusPendingReply<QDBusVariant> reply = *self;
      if (reply.isValid()) onPortalSetting("org.freedesktop.appearance", "color-scheme", reply.value());
      self->deleteLater();
    });
  }
  apply();
}

void Theme::onPortalSetting(const QString& group, const QString& key, const QDBusVariant& value) {
  if (group != "org.freedesktop.appearance" || key != "color-scheme") return;
  system_dark_ = colorScheme(QVariant::fromValue(value)) != 2;
  if (choice_ == ThemeChoice::system) apply();
}

void Theme::setChoice(ThemeChoice choice) {
  if (choice == choice_) return;
  choice_ = choice;
  QSettings().setValue("theme", choice == ThemeChoice::light ? "light" : choice == ThemeChoice::system ? "system" : "dark");
  apply();
}

void Theme::setAccent(Kind kind) {
  if (kind == accent_) return;
  accent_ = kind;
  apply();
}

QColor Theme::accentColor() const { return application_.palette().color(QPalette::Highlight); }

bool Theme::systemIsDark() const { return system_dark_; }

bool Theme::reduceMotion() const { return QSettings().value("reduceMotion").toBool(); }

void Theme::setReduceMotion(bool reduce) {
  QSettings().setValue("reduceMotion", reduce);
  Q_EMIT changed();
}

void Theme::apply() {
  const bool dark = choice_ == ThemeChoice::dark || (choice_ == ThemeChoice::system && systemIsDark());
  const Colors& colors = dark ? darkColors() : lightColors();
  const QColor accent = colors.kind(accent_);
  application_.setPalette(paletteFor(colors, accent));
  application_.setStyleSheet(styleSheetFor(colors, accent));
  Q_EMIT changed();
}

QPalette paletteFor(const Colors& c, const QColor& accent) {
  QPalette p;
  p.setColor(QPalette::Window, c.window);
  p.setColor(QPalette::WindowText, c.text);
  p.setColor(QPalette::Base, c.panel);
  p.setColor(QPalette::AlternateBase, mixed(c.panel, c.field, 0.5));
  p.setColor(QPalette::Text, c.text);
  p.setColor(QPalette::PlaceholderText, c.dim);
  p.setColor(QPalette::Button, c.field);
  p.setColor(QPalette::ButtonText, c.text);
  p.setColor(QPalette::BrightText, c.danger);
  p.setColor(QPalette::ToolTipBase, c.field);
  p.setColor(QPalette::ToolTipText, c.text);
  p.setColor(QPalette::Highlight, accent);
  p.setColor(QPalette::HighlightedText, c.dark ? c.window : QColor(Qt::white));
  p.setColor(QPalette::Link, accent);
  p.setColor(QPalette::LinkVisited, accent);
  p.setColor(QPalette::Light, c.hover);
  p.setColor(QPalette::Midlight, c.field);
  p.setColor(QPalette::Mid, c.line);
  p.setColor(QPalette::Dark, c.line);
  p.setColor(QPalette::Shadow, c.dark ? QColor("#0b0c0f") : QColor("#a9b0bb"));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) p.setColor(QPalette::Disabled, role, c.faint);
  p.setColor(QPalette::Disabled, QPalette::Highlight, c.line);
  return p;
}

int motionMs(int wanted_ms) { return QSettings().value("reduceMotion").toBool() ? 0 : wanted_ms; }

}  // namespace orrery::ui
