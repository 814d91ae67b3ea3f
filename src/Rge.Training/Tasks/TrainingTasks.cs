using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>The tasks that settings can name. Immutable.</summary>
public sealed class TrainingTasks
{
    private readonly OrderedDictionary<string, TrainingTaskDefinition> _definitions = new(StringComparer.OrdinalIgnoreCase);

    private TrainingTasks(IEnumerable<TrainingTaskDefinition> definitions)
    {
        foreach (var definition in definitions)
            _definitions.Add(definition.Name, definition);
    }

    /// <summary>The tasks that come with the library.</summary>
    /// <remarks>Their order is that of their extra parameters in the norm of the gradient, whatever the order of a run's phases.</remarks>
    public static TrainingTasks BuiltIn { get; } =
        new([
            new(JointTask.Name, context => new JointTask(context)) { TrainsEmbeddings = true },
            new(CellClassificationTask.Name, context => new CellClassificationTask(context)) { NeedsShapeWorld = true },
            new(NextTokenTask.Language, context => new NextTokenTask(context, (world, step) => world.Language(step)))
            {
                NeedsShapeWorld = true,
            },
            new(NextTokenTask.Comparison, context => new NextTokenTask(context, (world, step) => world.Likeness(step)))
            {
                NeedsShapeWorld = true,
            },
            new(ReinforceTask.Name, context => new ReinforceTask(context)) { TrainsEmbeddings = true, Require = ReinforceTask.Require },
        ]);

    /// <summary>The names, in order.</summary>
    public IReadOnlyList<string> Names => [.. _definitions.Keys];

    /// <summary>These tasks and one more.</summary>
    /// <exception cref="ArgumentException">There is a task of that name.</exception>
    public TrainingTasks With(TrainingTaskDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return new([.. _definitions.Values, definition]);
    }

    /// <summary>Checks settings: every value, and that each phase names a task that can learn from the data.</summary>
    /// <exception cref="TrainingException">A setting is out of its range.</exception>
    public void Require(TrainingConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        foreach (var (i, phase) in config.Phases.Index())
        {
            if (!_definitions.TryGetValue(phase.Task, out var task))
                throw new TrainingException(
                    $"phases.{i}.task is '{phase.Task}', which is not known; expected one of {string.Join(", ", Names)}."
                );
            task.Require?.Invoke(config);
            if (!task.NeedsShapeWorld || config.Data.Folder is null)
                continue;
            var others = string.Join(" or ", _definitions.Values.Where(other => !other.NeedsShapeWorld).Select(other => other.Name));
            throw new TrainingException($"phases.{i}.task is {task.Name}, expected {others}, because only ShapeWorld has the others.");
        }
    }

    /// <summary>Whether a phase trains embeddings.</summary>
    internal bool TrainsEmbeddings(PhaseSettings phase) => _definitions[phase.Task].TrainsEmbeddings;

    /// <summary>Whether a run measures itself on the development set.</summary>
    internal bool Measures(TrainingConfig config) => config.Evaluation.Every > 0 && config.Phases.Any(TrainsEmbeddings);

    /// <summary>Makes the tasks of a run's phases, by name.</summary>
    internal OrderedDictionary<string, ITrainingTask> Create(TrainingTaskContext context)
    {
        var tasks = new OrderedDictionary<string, ITrainingTask>(StringComparer.OrdinalIgnoreCase);
        var used = context.Config.Phases.Select(phase => phase.Task).ToHashSet(StringComparer.OrdinalIgnoreCase);
        try
        {
            foreach (var (name, definition) in _definitions)
                if (used.Contains(name))
                    tasks.Add(name, definition.Create(context));
            return tasks;
        }
        catch
        {
            foreach (var task in tasks.Values)
                task.Dispose();
            throw;
        }
    }
}
