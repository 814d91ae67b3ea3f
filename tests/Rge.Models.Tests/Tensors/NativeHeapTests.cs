using System.Runtime.InteropServices;
using Rge.Models.Tensors;

namespace Rge.Models.Tests.Tensors;

public sealed class NativeHeapTests
{
    [Fact]
    public void Setting_is_taken_where_the_GNU_C_library_is_and_changes_nothing_elsewhere()
    {
        var gnu = OperatingSystem.IsLinux() && !RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal);
        Assert.Equal(gnu, NativeHeap.KeepFreedMemory());
    }
}
