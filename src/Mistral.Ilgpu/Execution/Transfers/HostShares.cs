using System.Runtime.ExceptionServices;

namespace Mistral.Ilgpu.Execution.Transfers;

/// <summary>Divides work on the host's memory among threads. One thread alone copies slower than memory and buses do.</summary>
internal static class HostShares
{
    private const int MostThreads = 16;

    /// <summary>Does a number of pieces of work, neighbouring ones on one thread. Returns when all are done.</summary>
    /// <param name="work">Gets its first piece, and how many.</param>
    public static void Run(int count, Action<int, int> work)
    {
        int shares = Math.Min(Math.Min(MostThreads, Environment.ProcessorCount), count);
        if (shares <= 1)
        {
            work(0, count);
            return;
        }

        try
        {
            Parallel.For(0, shares, share =>
            {
                int first = (int)((long)count * share / shares);
                work(first, (int)((long)count * (share + 1) / shares) - first);
            });
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }
}
