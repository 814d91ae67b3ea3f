using Microsoft.Extensions.VectorData;
using Rge.Files;

namespace Rge.Search.Stores;

/// <summary>
/// The claims of one worker in one scope: renewed for as long as this lives, given back when it is disposed. Thread-safe.
/// </summary>
internal sealed class ClaimHolder : IAsyncDisposable
{
    private readonly IWorkClaims _claims;
    private readonly string _scope;
    private readonly TimeSpan _lease;
    private readonly WorkerPresence _presence = new();
    private readonly Lock _lock = new();
    private readonly HashSet<string> _held = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _renewal;

    public ClaimHolder(IWorkClaims claims, string scope, TimeSpan? lease = null)
    {
        (_claims, _scope, _lease) = (claims, scope, lease ?? TimeSpan.FromMinutes(1));
        _renewal = RenewAsync();
    }

    /// <summary>How long to wait before another worker's claim is asked for again.</summary>
    /// <remarks>With a random part, so that two holders that wait for each other's keys fall out of step.</remarks>
    public TimeSpan RetryDelay => Backoff.Spread(_lease < TimeSpan.FromSeconds(5) ? _lease / 5 : TimeSpan.FromSeconds(1));

    /// <summary>Claims keys.</summary>
    /// <returns>Those that are this worker's now.</returns>
    public async Task<IReadOnlySet<string>> AcquireAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return new HashSet<string>(StringComparer.Ordinal);
        var acquired = await _claims.AcquireAsync(_scope, _presence.Worker, keys, _lease, cancellationToken);
        if (!acquired.IsSupersetOf(keys) && await ReleaseDeadAsync(cancellationToken))
            acquired = await _claims.AcquireAsync(_scope, _presence.Worker, keys, _lease, cancellationToken);
        lock (_lock)
            _held.UnionWith(acquired);
        return acquired;
    }

    /// <summary>Claims keys, and waits until all are this worker's.</summary>
    public async Task WaitForAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(RetryDelay, cancellationToken))
        {
            var acquired = await AcquireAsync(keys, cancellationToken);
            if (acquired.IsSupersetOf(keys))
                return;
            // All or none: who waits with some of them might be waited for.
            await ReleaseAsync([.. acquired], cancellationToken);
        }
    }

    /// <summary>Releases keys.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return;
        await _claims.ReleaseAsync(_scope, _presence.Worker, keys, cancellationToken);
        lock (_lock)
            _held.ExceptWith(keys);
    }

    /// <summary>Gives back what processes of this machine held when they died; their leases need not be waited for.</summary>
    private async Task<bool> ReleaseDeadAsync(CancellationToken cancellationToken)
    {
        string[] dead =
        [
            .. (await _claims.WorkersAsync(cancellationToken)).Where(worker => worker != _presence.Worker && WorkerPresence.IsDead(worker)),
        ];
        foreach (var worker in dead)
            await _claims.ReleaseAllAsync(worker, cancellationToken);
        return dead.Length > 0;
    }

    private async Task RenewAsync()
    {
        using var timer = new PeriodicTimer(_lease / 3);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                lock (_lock)
                    if (_held.Count == 0)
                        continue;
                try
                {
                    await _claims.RenewAsync(_presence.Worker, _lease, _stop.Token);
                }
                catch (VectorStoreException)
                {
                    // A store that is away for a moment: the next turn is early enough, and claims that are lost only cost work that is
                    // done twice.
                }
            }
        }
        catch (OperationCanceledException) { }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewal;
        _stop.Dispose();
        string[] rest;
        lock (_lock)
            rest = [.. _held];
        try
        {
            await ReleaseAsync(rest, CancellationToken.None);
        }
        catch (VectorStoreException)
        {
            // Their lease will run out.
        }
        _presence.Dispose();
    }
}
