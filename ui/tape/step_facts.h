// The numbers of a step in a row, each with its name; their places stay still while they change.
#pragma once

#include <QWidget>
#include <vector>

namespace orrery::ui {

class StepFacts : public QWidget {
  Q_OBJECT

 public:
  struct Fact {
    QString name, value;
    QString widest;  // the longest value to expect: keeps the place
  };

  explicit StepFacts(QWidget* parent = nullptr);
  void setFacts(std::vector<Fact> facts);
  void setNote(const QString& note);  // at the right end, dim
  QString text() const;               // all in one line
  QSize sizeHint() const override { return {200, 24}; }
  QSize minimumSizeHint() const override { return {80, 24}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  std::vector<Fact> facts_;
  QString note_;
};

}  // namespace orrery::ui
