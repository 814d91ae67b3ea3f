namespace Rge.Server.Hosting;

/// <summary>How the server is.</summary>
internal sealed record HealthAnswer(string Status);
