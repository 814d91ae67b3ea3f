using System.Text.Json.Nodes;
using Rge.Evaluation;
using Rge.Files;
using Rge.Models.Tensors;
using Rge.Training.Batches;
using Rge.Training.Reports;
using Rge.Training.RunFiles;
using Rge.Training.Settings;
using Rge.Training.Tasks;
using static TorchSharp.torch;

namespace Rge.Training.Runs;

/// <summary>
/// A training run from its settings to a model. A step depends on settings, seed and the step's number alone, so a run that was
/// killed at any moment resumes from its last checkpoint with the same results.
/// </summary>
/// <remarks>One call of <see cref="RunAsync"/> at a time.</remarks>
public sealed class Trainer
{
    private readonly TrainingConfig _config;
    private readonly RunFolder _folder;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly TrainingTasks _tasks;

    /// <summary>Prepares a run; nothing is read or written yet.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="progress">Called after each step.</param>
    /// <param name="tasks">The tasks that phases can name; <see cref="TrainingTasks.BuiltIn"/> unless given.</param>
    /// <exception cref="TrainingException">A setting is out of its range.</exception>
    public Trainer(TrainingConfig config, RunFolder folder, IProgress<TrainingProgress>? progress = null, TrainingTasks? tasks = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(folder);
        (_config, _folder, _progress, _tasks) = (config, folder, progress, tasks ?? TrainingTasks.BuiltIn);
        _tasks.Require(config);
    }

    /// <summary>Trains to the end, from the last checkpoint where there is one, on a dedicated thread.</summary>
    /// <param name="resume">Whether to resume a run that was started; otherwise its folder must not contain one.</param>
    /// <param name="cancellationToken">Stops the run after writing a checkpoint of the finished steps.</param>
    /// <exception cref="TrainingException">The folder contains another run, data cannot be used, or the loss is not a number.</exception>
    /// <exception cref="CheckpointException">The model cannot be loaded or saved.</exception>
    public Task<TrainingOutcome> RunAsync(bool resume, CancellationToken cancellationToken = default) =>
        SingleThread.RunAsync($"training of {_config.Name}", () => TrainAsync(resume, cancellationToken));

    private async Task<TrainingOutcome> TrainAsync(bool resume, CancellationToken cancellationToken)
    {
        TorchLibrary.Require();
        using var held = Hold();
        RequireFolder(resume);
        StartingPoint.Require(_config.Model);
        var data = await TrainingData.ReadAsync(_config, _tasks.Measures(_config), Remark, cancellationToken);
        if (_config.Threads > 0)
            set_num_threads(_config.Threads);
        _folder.Tidy();
        var checkpoint = _folder.LatestCheckpoint();
        using var session = new TrainingSession(_config, _folder, checkpoint, data, _tasks);
        AtomicFile.WriteText(_folder.Config, ConfigFile.Write(_config));
        using var log = new RunLog(_folder.Log, session.State.Step);
        WriteProvenance(session, data);
        await using var batches = new BatchQueue<StepInput>(session.Prepare, session.State.Step, _config.Steps());
        var (stored, phaseStart, phaseSeconds) = (session.State.Step, session.State.Step, session.State.TrainingSeconds);
        var (page, named) = (new ReportPage(_folder), new HashSet<string>(StringComparer.Ordinal));
        EvaluationOutcome? development = null;
        var loss = double.NaN;
        if (session.State.Step is > 0 and var before && MustMeasure(before) && LastScore()?.Step != before)
            await MeasureAsync(before);
        while (session.State.Step < _config.Steps())
        {
            var (phase, step) = _config.At(session.State.Step);
            if (step == 0)
                (phaseStart, phaseSeconds) = (session.State.Step, session.State.TrainingSeconds);
            var entry = await StepAsync(phase, step);
            log.Write(entry);
            var done = session.State.Step;
            loss = entry["loss"]!.GetValue<double>();
            Report();
            foreach (var skipped in entry["skipped"]?.AsArray() ?? [])
                if (named.Add((string)skipped!["row"]!))
                    Report($"step {done}: another row takes the place of {skipped["row"]}: {skipped["problem"]}");
            var isLast = done == _config.Steps();
            if (MustMeasure(done))
                await MeasureAsync(done);
            if (!isLast && done % _config.Checkpoints.Every != 0 && !cancellationToken.IsCancellationRequested)
            {
                page.WriteNowAndThen();
                continue;
            }
            Checkpoint();
            cancellationToken.ThrowIfCancellationRequested();
        }
        RunFolder.Publish(_folder.Model, model => session.SaveModel(model, LastScore()?.Scores));
        page.Write();
        return new TrainingOutcome(session.State, development) { SkippedRows = SkippedRows() };

        Task<JsonObject> StepAsync(PhaseSettings phase, int step) =>
            OrCheckpointAsync(async () =>
                await session.StepAsync(phase, step, await batches.NextAsync(cancellationToken), cancellationToken)
            );

        async Task MeasureAsync(int done)
        {
            development = await OrCheckpointAsync(() => session.EvaluateAsync(cancellationToken));
            log.Write(Describe(done, development));
            Report(
                $"step {done}: development hit@1 {development.Average:P1} "
                    + $"({string.Join(", ", development.Groups.Select(group => $"{group.Key} {group.Value:P1}"))})"
            );
        }

        // A step or a measurement that is cancelled half-way has changed nothing yet: what was done before it is kept. The measurement is
        // made when the run resumes.
        async Task<T> OrCheckpointAsync<T>(Func<Task<T>> work)
        {
            try
            {
                return await work();
            }
            catch (OperationCanceledException) when (session.State.Step > stored)
            {
                Checkpoint();
                throw;
            }
        }

        void Checkpoint()
        {
            log.Flush();
            _folder.WriteCheckpoint(session.State, _config.Checkpoints.Keep, session.Save);
            stored = session.State.Step;
            if (stored < _config.Steps())
                page.Write();
        }

        void Report(string? remark = null)
        {
            var (done, phase) = (session.State.Step, _config.At(session.State.Step - 1).Phase);
            TimeSpan? left =
                done == phaseStart
                    ? null
                    : (session.State.TrainingSeconds - phaseSeconds)
                        / (done - phaseStart)
                        * (_config.Steps() - done)
                        * TimeSpan.FromSeconds(1);
            _progress?.Report(new TrainingProgress(done, _config.Steps(), phase.Name, loss, left, remark));
        }
    }

    /// <summary>Whether the model is measured on the development set after so many steps.</summary>
    private bool MustMeasure(int done) =>
        _config.Evaluation.Every > 0
        && _tasks.TrainsEmbeddings(_config.At(done - 1).Phase)
        && (done == _config.Steps() || done % _config.Evaluation.Every == 0);

    private FolderLock Hold()
    {
        try
        {
            return FolderLock.Take(_folder.Root);
        }
        catch (FolderInUseException e)
        {
            throw new TrainingException(e.Message, e);
        }
    }

    /// <summary>Reports a remark before the first step.</summary>
    private void Remark(string remark) =>
        _progress?.Report(new TrainingProgress(0, _config.Steps(), _config.Phases[0].Name, double.NaN, null, remark));

    /// <summary>The last measurement on the development set, by this process or one before; null for none.</summary>
    private DevelopmentScore? LastScore() => DevelopmentScore.LastIn(RunLog.Read(_folder.Log));

    private int SkippedRows() =>
        RunLog
            .Read(_folder.Log)
            .SelectMany(entry => entry["skipped"] as JsonArray ?? [])
            .Select(row => (string?)row?["row"])
            .Distinct(StringComparer.Ordinal)
            .Count();

    /// <summary>A run resumes only where it was begun, and under settings on which no step that is done has depended otherwise.</summary>
    private void RequireFolder(bool resume)
    {
        if (!File.Exists(_folder.Config))
            return;
        if (!resume)
            throw new TrainingException($"{_folder.Root} holds a run already: expected --resume to continue it, or another folder.");
        var checkpoint = _folder.LatestCheckpoint();
        if (checkpoint is not null)
            _folder.RequireWhole(checkpoint);
        ResumeRules.Require(
            _folder.Root,
            ConfigFile.Read<TrainingConfig>(_folder.Config),
            _config,
            checkpoint is null ? 0 : RunFolder.ReadState(checkpoint).Step
        );
    }

    private void WriteProvenance(TrainingSession session, TrainingData data)
    {
        var provenance = Provenance.Describe();
        provenance["data"] = data.Describe();
        provenance["parameters"] = session.TrainedParameters;
        _folder.WriteProvenance(provenance);
    }

    private static JsonObject Describe(int step, EvaluationOutcome outcome) =>
        new() { ["step"] = step, ["development"] = ScoreJson.Create(outcome) };
}
