using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>A kind of task that phases can name.</summary>
/// <param name="Name">What <c>phases.N.task</c> calls it.</param>
/// <param name="Create">Makes the task of a run that has a phase of it.</param>
public sealed record TrainingTaskDefinition(string Name, Func<TrainingTaskContext, ITrainingTask> Create)
{
    /// <summary>Whether only ShapeWorld has what it learns from, so that settings with <c>data.folder</c> are refused.</summary>
    public bool NeedsShapeWorld { get; init; }

    /// <summary>Whether its phases train embeddings, so that the development set is measured in them.</summary>
    public bool TrainsEmbeddings { get; init; }

    /// <summary>
    /// Checks settings that phases of it cannot be trained with, before anything is read; throws a <see cref="TrainingException"/>.
    /// Null where it can be trained with all.
    /// </summary>
    public Action<TrainingConfig>? Require { get; init; }
}
