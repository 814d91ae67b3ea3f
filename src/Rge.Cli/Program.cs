using Rge.Cli;
using Rge.Models.Tensors;

NativeHeap.KeepFreedMemory();
using var interrupt = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    // The first Ctrl-C lets the work stop where it leaves nothing half-done; a second one ends the process at once.
    e.Cancel = !interrupt.IsCancellationRequested;
    interrupt.Cancel();
};
return await RgeCommand.RunAsync(args, Console.Out, Console.Error, interrupt.Token);
