namespace Rge.Tests.Shared.Hub;

/// <summary>A file of <see cref="FakeHub"/>.</summary>
internal sealed record FakeFile(byte[] Content, bool IsLarge, string ETag);
