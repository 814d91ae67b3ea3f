using Rge.Data;
using Rge.Evaluation;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;

namespace Rge.Cli.Demo;

/// <summary>The two models of the demo, and fresh queries for them. Owns the models.</summary>
internal sealed class DemoSession : IDisposable
{
    /// <summary>Queries of each dataset among which those to show are looked for.</summary>
    private const int MostTried = 25;

    private readonly DemoModel _on, _off;

    /// <param name="model">Checkpoint folder of the model that reasons.</param>
    /// <param name="baseline">Checkpoint folder of the one that does not.</param>
    /// <param name="seed">Seed of the scenes.</param>
    /// <param name="queries">Queries of each dataset.</param>
    public DemoSession(string model, string baseline, long seed, int queries)
    {
        Datasets = ShapeWorldEvaluation.Create(WorldSplit.Test, (ulong)seed, queries);
        _on = new DemoModel(model);
        try
        {
            _off = new DemoModel(baseline);
        }
        catch
        {
            _on.Dispose();
            throw;
        }
    }

    /// <summary>Queries of scenes that no model has been trained on.</summary>
    public IReadOnlyList<EvaluationDataset> Datasets { get; }

    /// <summary>Chooses the queries to show, see <see cref="DemoChoice"/>.</summary>
    public Task<IReadOnlyList<DemoQuery>> ChooseAsync(CancellationToken cancellationToken) => DemoChoice.ChooseAsync(
        DemoQuery.InOrder(Datasets, MostTried),
        async query => await AnswerAsync(query, _ => { }, cancellationToken) is var answered ? (answered.On, answered.Off) : default);

    /// <summary>Answers a query with both models.</summary>
    /// <param name="query">The query.</param>
    /// <param name="write">Takes the rationale as it is written.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task<DemoCase> AnswerAsync(DemoQuery query, Action<string> write, CancellationToken cancellationToken) => new(
        query,
        await _on.AnswerAsync(query, ReasoningMode.On, write, cancellationToken),
        await _off.AnswerAsync(query, ReasoningMode.Off, write, cancellationToken));

    /// <summary>Measures both models on all queries.</summary>
    public async Task<DemoScores> EvaluateAsync(IProgress<EmbeddingProgress> progress, CancellationToken cancellationToken) => new(
        await _on.EvaluateAsync(Datasets, QueryRationale.Written, progress, cancellationToken),
        await _off.EvaluateAsync(Datasets, QueryRationale.None, progress, cancellationToken));

    public void Dispose()
    {
        _on.Dispose();
        _off.Dispose();
    }
}
