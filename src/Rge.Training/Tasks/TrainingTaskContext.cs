using Rge.Models;
using Rge.Prompts;
using Rge.Training.Batches;
using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>What a task is made from. Everything is borrowed from the run.</summary>
/// <param name="Config">The settings of the run.</param>
/// <param name="Model">The model in training. Tensors of a task belong on its device.</param>
/// <param name="Processor">The checkpoint's tokenizer and image processor.</param>
/// <param name="Prompts">Makes prompts by the checkpoint's chat template.</param>
/// <param name="Samples">The samples of each step.</param>
/// <param name="Encoder">Turns samples into token ids and patches.</param>
/// <param name="Generation">How the model writes rationales while it is trained and measured.</param>
/// <param name="LoadStart">
/// Loads the model that the run started from, without an adapter and not to be trained, on the same device and in the same number type.
/// Weights of a checkpoint are mapped, so that on the CPU they are in memory once. The caller disposes it.
/// </param>
public sealed record TrainingTaskContext(
    TrainingConfig Config,
    QwenVlModel Model,
    QwenVlProcessor Processor,
    PromptBuilder Prompts,
    ISampleSource Samples,
    BatchEncoder Encoder,
    GenerationOptions Generation,
    Func<QwenVlModel> LoadStart
)
{
    /// <summary>The samples of a step, encoded. Thread-safe.</summary>
    /// <param name="step">Steps of the run before it.</param>
    /// <exception cref="TrainingException">A sample cannot be used; the message says how a run continues without it.</exception>
    public TrainingBatch Batch(long step)
    {
        try
        {
            return Encoder.Encode(Samples.Samples(step));
        }
        catch (TrainingException e)
            when (Config.Data is { Folder: not null, OnError: FailureAction.Fail } && e.InnerException is RgeException)
        {
            throw new TrainingException($"{e.Message} With data.on_error: skip, --resume continues without such rows.", e);
        }
    }
}
