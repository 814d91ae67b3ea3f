namespace Rge.Hub;

/// <summary>An attempt failed in a way that another may not: a broken connection, an overloaded server.</summary>
internal sealed class TransientException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The pause the server asks for.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
