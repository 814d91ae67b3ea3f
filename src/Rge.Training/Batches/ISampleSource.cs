using Rge.Data;

namespace Rge.Training.Batches;

/// <summary>
/// A source of samples. The samples of a step depend on its number alone, so that a resumed run has the same. Thread-safe.
/// </summary>
public interface ISampleSource
{
    /// <summary>The samples of a step.</summary>
    /// <param name="step">Steps of the run before it.</param>
    IReadOnlyList<TrainingSample> Samples(long step);

    /// <summary>The row after a sample in its dataset, the first after the last; null where samples are drawn without end.</summary>
    TrainingSample? After(TrainingSample sample);

    /// <summary>Rows of each dataset; empty for a source without end.</summary>
    IReadOnlyDictionary<string, int> Counts { get; }
}
