using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Generation;

/// <summary>How texts end.</summary>
internal sealed partial class Scheduler
{
    /// <summary>Fails the texts of the pass that threw.</summary>
    public void FailPass(Exception exception)
    {
        foreach (var text in _taken)
        {
            Fail(text, exception);
        }

        RemoveClosed();
    }

    /// <summary>Ends all texts, waiting and running, and gives every place back.</summary>
    /// <param name="fault">Why; null if they are cancelled.</param>
    public void EndAll(Exception? fault)
    {
        foreach (var text in _running)
        {
            if (fault is null)
            {
                End(text, FinishReason.Cancelled);
            }
            else
            {
                Fail(text, fault);
            }
        }

        _running.Clear();
        _runningCount = 0;
        foreach (var text in waiting.Snapshot())
        {
            if (waiting.Take(text))
            {
                EndWaiting(text, fault);
            }
        }

        _admission.CloseKept();
    }

    private static void EndWaiting(TextGeneration text, Exception? fault)
    {
        if (fault is null)
        {
            text.End(FinishReason.Cancelled);
        }
        else
        {
            text.Fail(fault);
        }
    }

    private void DropEnded()
    {
        foreach (var text in _running)
        {
            if (text.IsCancelled)
            {
                End(text, FinishReason.Cancelled);
            }
            else if (text.IsOverdue)
            {
                End(text, FinishReason.Deadline);
            }
        }

        RemoveClosed();
        foreach (var text in waiting.TakeOverdue())
        {
            text.End(FinishReason.Deadline);
        }
    }

    // After everything of the pass is read.
    private void EndFinished()
    {
        foreach (var text in _taken)
        {
            if (text.IsClosed || !text.HasEnded)
            {
                continue;
            }

            try
            {
                model.CheckCache(text.Sequence!);
                End(text, FinishReason.Length);
            }
            catch (Exception exception) when (!ComputeDevice.IsFault(exception))
            {
                Fail(text, exception);
            }
        }
    }

    private void RemoveClosed()
    {
        _running.RemoveAll(static text => text.IsClosed);
        _runningCount = _running.Count;
    }

    // The place is given back first, so that it is free for whoever waits for the end.
    private void End(TextGeneration text, FinishReason reason)
    {
        _admission.Leave(text, isIntact: true);
        text.End(reason);
    }

    private void Fail(TextGeneration text, Exception exception)
    {
        _admission.Leave(text, isIntact: false);
        text.Fail(exception);
    }
}
