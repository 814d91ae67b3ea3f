namespace Rge.Server.Answers;

/// <summary>How the server is.</summary>
internal sealed record HealthAnswer(string Status);
