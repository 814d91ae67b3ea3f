using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Optimization;
using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>ShapeWorld only: the vision tower tells what is in each cell, through a linear head that is dropped after the run.</summary>
internal sealed class CellClassificationTask : ITrainingTask<CellBatch>
{
    public const string Name = "cells";

    private readonly ShapeWorldSource _world;
    private readonly CellObjective _objective;

    public CellClassificationTask(TrainingTaskContext context)
    {
        _world = (ShapeWorldSource)context.Samples;
        _objective = new CellObjective(context.Model, ShapeWorldSource.CellClasses, context.Config.Seed);
    }

    public IReadOnlyList<TrainedParameter> ExtraParameters =>
        [new TrainedParameter("cells.weight", _objective.Weight, 1, 0), new TrainedParameter("cells.bias", _objective.Bias, 1, 0)];

    public CellBatch Prepare(long step) => _world.Cells(step);

    public Task<StepReport> BackwardAsync(CellBatch input, PhaseSettings phase, CancellationToken cancellationToken)
    {
        var (loss, accuracy) = _objective.Backward(input);
        var measures = new OrderedDictionary<string, double?>(StringComparer.Ordinal) { ["cell_accuracy"] = accuracy };
        return Task.FromResult(new StepReport { Loss = loss, Measures = measures });
    }

    public void Dispose() => _objective.Dispose();
}
