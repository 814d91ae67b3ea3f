using Rge.Imaging;

namespace Rge.Oracle;

/// <summary>Asks about many rows at once, and writes each answer as soon as it arrives.</summary>
/// <param name="client">Asks about one row.</param>
/// <param name="settings">How many at once, and when to give up.</param>
/// <param name="journal">Where answers are written down; borrowed.</param>
/// <param name="answered">Receives each answer, on any thread, one at a time.</param>
internal sealed class OracleSession(
    OracleClient client,
    OracleSettings settings,
    Journal<OracleAnswer> journal,
    Action<OracleAnswer> answered
)
{
    private readonly Lock _lock = new();
    private int _answers,
        _failedInARow;

    /// <summary>Asks; what fails for one row is written down as its failure.</summary>
    /// <exception cref="EndpointException">No further request would be answered.</exception>
    /// <exception cref="OperationCanceledException">The work was stopped; received answers are stored.</exception>
    public async Task AskAsync(IEnumerable<OracleRow> rows, CancellationToken cancellationToken)
    {
        using var abort = new CancellationTokenSource();
        await using var grace = cancellationToken.Register(() => abort.CancelAfter(settings.Grace));
        await Parallel.ForEachAsync(
            rows,
            new ParallelOptions { MaxDegreeOfParallelism = settings.Parallel, CancellationToken = cancellationToken },
            async (row, stop) =>
            {
                try
                {
                    Take(await AskOrFailAsync(row, stop, abort.Token));
                }
                catch (EndpointException)
                {
                    abort.CancelAfter(settings.Grace);
                    throw;
                }
            }
        );
    }

    private async Task<OracleAnswer> AskOrFailAsync(OracleRow row, CancellationToken stop, CancellationToken abort)
    {
        try
        {
            var answer = await client.AskAsync(row, stop, abort);
            Heard();
            return answer;
        }
        catch (EndpointException e) when (e.Kind == FaultKind.Forbidden)
        {
            Heard();
            return OracleAnswer.To(row) with { Refusal = e.Message };
        }
        catch (EndpointException e) when (e.Kind is not FaultKind.Fatal)
        {
            var failed = Interlocked.Increment(ref _failedInARow);
            // An address that has never answered is more likely wrong than busy.
            if (failed >= settings.GiveUpAfter || (e.Kind == FaultKind.Unreachable && Volatile.Read(ref _answers) == 0))
                throw new EndpointException(
                    failed == 1 ? e.Message : $"{failed} rows one after the other have got no answer, the last: {e.Message}",
                    FaultKind.Fatal,
                    e
                );
            return OracleAnswer.To(row) with { Failure = e.Message };
        }
        catch (Exception e) when (e is ImageInputException or EmbeddingException)
        {
            return OracleAnswer.To(row) with { Failure = e.Message };
        }
    }

    private void Heard()
    {
        Interlocked.Increment(ref _answers);
        Interlocked.Exchange(ref _failedInARow, 0);
    }

    private void Take(OracleAnswer answer)
    {
        lock (_lock)
        {
            journal.Add(answer);
            answered(answer);
        }
    }
}
