using Rge.Models;
using Rge.Tests.Shared;
using Rge.Training.Batches;
using Rge.Training.Objective;

namespace Rge.Training.Tests;

public sealed class CellObjectiveTests
{
    [Fact]
    public void A_question_without_any_label_adds_nothing_to_the_loss()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen3Vl);
        using var objective = new CellObjective(model, [3, 3, 4], seed: 1);
        objective.Weight.requires_grad_(true);
        var image = TinyModel.Image(model.Config, 4, 4);
        long[] labels = [0, 1, 2, 0],
            none = [-100, -100, -100, -100];
        var (all, _) = objective.Backward(new CellBatch([image], labels, labels, labels));
        var (some, _) = objective.Backward(new CellBatch([image], labels, labels, none));
        Assert.InRange(some, 1e-3, all - 1e-3);
        Assert.Equal((0, 1), objective.Backward(new CellBatch([image], none, none, none)));
    }
}
