using Rge.Training.RunFiles;
using Rge.Training.Settings;

namespace Rge.Training.Experiments;

/// <summary>One training run of an experiment.</summary>
/// <param name="Variant">The variant it is of.</param>
/// <param name="Choice">The values chosen for the settings that are tuned, as <c>setting=value</c>; empty without any.</param>
/// <param name="Config">Its settings.</param>
/// <param name="Folder">Its files.</param>
/// <param name="Earlier">The run whose model it starts with; <see langword="null"/> where that is the pretrained one.</param>
internal sealed record ExperimentRun(
    VariantSettings Variant,
    IReadOnlyList<string> Choice,
    TrainingConfig Config,
    RunFolder Folder,
    ExperimentRun? Earlier
)
{
    /// <summary>Its name, which is that of its folder.</summary>
    public string Name => RunResult.NameOf(Variant.Name, Choice, Config.Seed);
}
