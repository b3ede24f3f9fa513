// Puts the look on the application: Fusion, own palette, style sheet. Dark, light, or as the desktop says.
#pragma once

#include <QObject>

#include "ui/style/colors.h"

Q_MOC_INCLUDE(<QDBusVariant>)

class QApplication;
class QDBusVariant;

namespace orrery::ui {

enum class ThemeChoice { system, light, dark };

class Theme : public QObject {
  Q_OBJECT

 public:
  // Reads the choice from the settings ("theme") and applies it.
  explicit Theme(QApplication& application, QObject* parent = nullptr);

  ThemeChoice choice() const { return choice_; }
  void setChoice(ThemeChoice choice);
  // The colour of sliders, selection and focus: that of the kind of model at hand.
  void setAccent(Kind kind);
  QColor accentColor() const;
  bool reduceMotion() const;
  void setReduceMotion(bool reduce);

 Q_SIGNALS:
  void changed();

 private Q_SLOTS:
  void onPortalSetting(const QString& group, const QString& key, const QDBusVariant& value);

 private:
  void apply();
  bool systemIsDark() const;

  QApplication& application_;
  ThemeChoice choice_ = ThemeChoice::dark;
  Kind accent_ = Kind::generator;
  bool system_dark_ = true;
};

// The pieces apply() puts together; also for tests.
QPalette paletteFor(const Colors& colors, const QColor& accent);
QString styleSheetFor(const Colors& colors, const QColor& accent);

// Milliseconds of a motion that explains; 0 where motion is reduced.
int motionMs(int wanted_ms = 120);

}  // namespace orrery::ui
