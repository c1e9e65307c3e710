using Mistral.Ilgpu.Chat;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>Puts the pieces of an answer together: neighbours of one kind are a block, and each call is one.</summary>
/// <param name="sink">Is told of each change; null for none.</param>
internal sealed class AnswerBlocks(IBlockSink? sink)
{
    private readonly List<AnswerBlock> _blocks = [];
    private AnswerBlock? _open;

    // Of tokens whose text has not come yet.
    private List<TokenLogprob> _pending = [];

    /// <summary>The blocks, without calls that turned out to be none.</summary>
    public IEnumerable<AnswerBlock> Whole => _blocks.Where(block => block.IsWhole);

    /// <summary>The blocks of an answer, once it has ended.</summary>
    public static async Task<AnswerBlocks> OfAsync(Answer answer, CancellationToken cancellation)
    {
        var blocks = new AnswerBlocks(sink: null);
        await foreach (var step in answer.StepsAsync(cancellation).ConfigureAwait(false))
        {
            blocks.Take(step);
        }

        return blocks;
    }

    public void Take(AnswerStep step)
    {
        if (step.Logprob is { IsControl: false } logprob)
        {
            _pending.Add(logprob);
        }

        foreach (var piece in step.Pieces)
        {
            Take(piece);
        }

        if (step.IsLast)
        {
            Close();
        }
    }

    private void Take(ChatPiece piece)
    {
        if (piece.Call is not null)
        {
            // Its parts were told before.
            _open!.IsWhole = true;
            Close();
        }
        else if (piece.Part is { } part)
        {
            if (part.Id is not null)
            {
                Open(new AnswerBlock(BlockKind.Call, _blocks.Count, part.Id, part.Name));
            }

            Add(part.Arguments);
        }
        else
        {
            var (kind, text) = piece.Reasoning.Length > 0 ? (BlockKind.Reasoning, piece.Reasoning) : (BlockKind.Text, piece.Text);
            if (_open?.Kind != kind)
            {
                Open(new AnswerBlock(kind, _blocks.Count) { IsWhole = true });
            }

            Add(text);
        }
    }

    private void Open(AnswerBlock block)
    {
        Close();
        _blocks.Add(block);
        _open = block;
        sink?.Begin(block);
    }

    private void Add(string text)
    {
        var logprobs = _open!.Kind == BlockKind.Text ? _pending : [];
        _pending = [];
        _open.Append(text, logprobs);
        if (text.Length > 0)
        {
            sink?.Add(_open, text, logprobs);
        }
    }

    private void Close()
    {
        if (_open is not null)
        {
            sink?.End(_open);
            _open = null;
        }
    }
}
