namespace Rge.Tests.Shared.Hub;

/// <summary>What <see cref="FakeHub"/> was asked; a header that was not sent is empty.</summary>
internal sealed record FakeRequest(string Path, string Range, string IfRange, string Authorization);
