namespace Rge.Search.Stores;

/// <summary>
/// Keys that one worker at a time works on, among all processes that share a store; what a store's GetService may give. A claim ends when
/// it is released or, if its worker has died, when its lease expires. Thread-safe.
/// </summary>
public interface IWorkClaims
{
    /// <summary>Claims those keys of a scope that no other worker holds.</summary>
    /// <param name="scope">Keeps the keys of different matters apart.</param>
    /// <param name="worker">Who claims.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="lease">How long the claims last unless they are renewed.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The keys that the worker holds now.</returns>
    Task<IReadOnlySet<string>> AcquireAsync(
        string scope,
        string worker,
        IReadOnlyCollection<string> keys,
        TimeSpan lease,
        CancellationToken cancellationToken = default
    );

    /// <summary>Renews every claim that a worker still holds.</summary>
    Task RenewAsync(string worker, TimeSpan lease, CancellationToken cancellationToken = default);

    /// <summary>Names of all workers that hold claims, or held some when they died.</summary>
    Task<IReadOnlyList<string>> WorkersAsync(CancellationToken cancellationToken = default);

    /// <summary>Gives back everything that a worker holds, in all scopes.</summary>
    Task ReleaseAllAsync(string worker, CancellationToken cancellationToken = default);

    /// <summary>Gives keys back; those that another worker has taken over meanwhile stay with it.</summary>
    Task ReleaseAsync(string scope, string worker, IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default);
}
