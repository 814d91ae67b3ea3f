namespace Rge.Search.Stores;

/// <summary>Claims for stores that have none: they hold within this process. Leases do not run out, since workers die with it.</summary>
internal sealed class LocalWorkClaims : IWorkClaims
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Scope, string Key), string> _workers = [];

    public Task<IReadOnlySet<string>> AcquireAsync(string scope, string worker, IReadOnlyCollection<string> keys, TimeSpan lease, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            foreach (var key in keys) _workers.TryAdd((scope, key), worker);
            return Task.FromResult<IReadOnlySet<string>>(keys.Where(key => _workers[(scope, key)] == worker).ToHashSet(StringComparer.Ordinal));
        }
    }

    public Task RenewAsync(string worker, TimeSpan lease, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task<IReadOnlyList<string>> WorkersAsync(CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<string>>([]);

    public Task ReleaseAllAsync(string worker, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task ReleaseAsync(string scope, string worker, IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default)
    {
        lock (_lock)
            foreach (var key in keys)
                if (_workers.GetValueOrDefault((scope, key)) == worker) _workers.Remove((scope, key));
        return Task.CompletedTask;
    }
}
