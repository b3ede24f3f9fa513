// How many pictures each class has: one bar a class, the widest first on request.
#pragma once

#include <QWidget>
#include <string>
#include <vector>

namespace orrery::ui {

class ClassBars : public QWidget {
  Q_OBJECT

 public:
  explicit ClassBars(QWidget* parent = nullptr);
  void setCounts(const std::vector<std::string>& names, const std::vector<std::int64_t>& counts);
  void setByCount(bool by_count);

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {160, sizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void order();

  std::vector<std::pair<QString, std::int64_t>> given_, shown_;
  bool by_count_ = false;
};

}  // namespace orrery::ui
