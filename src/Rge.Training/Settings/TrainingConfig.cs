namespace Rge.Training.Settings;

/// <summary>The settings of a run. Immutable; read from YAML with unknown keys refused.</summary>
public sealed record TrainingConfig
{
    /// <summary>Name of the run.</summary>
    public string Name { get; init; } = "run";

    /// <summary>Seed of all random choices: new weights, the order of data, ShapeWorld's scenes.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Threads of the tensor library; 0 takes one a core.</summary>
    public int Threads { get; init; }

    /// <summary>The model.</summary>
    public ModelSettings Model { get; init; } = new();

    /// <summary>The data.</summary>
    public DataSettings Data { get; init; } = new();

    /// <summary>The objective.</summary>
    public ObjectiveSettings Objective { get; init; } = new();

    /// <summary>The optimizer.</summary>
    public OptimizerSettings Optimizer { get; init; } = new();

    /// <summary>The phases, in order.</summary>
    public PhaseSettings[] Phases { get; init; } = [new()];

    /// <summary>Measurements on the development set.</summary>
    public EvaluationSettings Evaluation { get; init; } = new();

    /// <summary>Checkpoints.</summary>
    public CheckpointSettings Checkpoints { get; init; } = new();

    /// <summary>Steps of all phases.</summary>
    public int Steps() => Phases.Sum(phase => phase.Steps);

    /// <summary>The phase that a step of the run falls into, and the step's number within it.</summary>
    /// <param name="step">Steps of the run that are done already.</param>
    public (PhaseSettings Phase, int Step) At(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        foreach (var phase in Phases)
        {
            if (step < phase.Steps)
                return (phase, step);
            step -= phase.Steps;
        }
        throw new ArgumentOutOfRangeException(nameof(step), "The run has fewer steps.");
    }

    /// <summary>Checks the range of every value; <see cref="Tasks.TrainingTasks.Require"/> also checks the names of tasks.</summary>
    /// <exception cref="TrainingException">A setting is out of its range.</exception>
    internal void Validate()
    {
        SettingCheck.That(Threads >= 0, "threads", Threads, "0 or more");
        SettingCheck.That(Phases.Length > 0, "phases", "[]", "at least one");
        SettingCheck.That(
            Phases.Sum(phase => (long)phase.Steps) <= int.MaxValue,
            "phases",
            "more steps",
            $"at most {int.MaxValue} steps in all"
        );
        Model.Validate();
        Data.Validate();
        Objective.Validate();
        Optimizer.Validate();
        Evaluation.Validate();
        Checkpoints.Validate();
        for (var i = 0; i < Phases.Length; i++)
            Phases[i].Validate($"phases.{i}");
    }
}
