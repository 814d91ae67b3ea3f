namespace Rge.Models.Tests.Weights.Hub;

/// <summary>A file of <see cref="FakeHub"/>.</summary>
internal sealed record FakeFile(byte[] Content, bool IsLarge, string ETag);
