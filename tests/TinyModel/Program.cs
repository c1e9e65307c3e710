using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mistral.Ilgpu.TinyModel;
using Mistral.Ilgpu.TinyModel.Data;
using Mistral.Ilgpu.Tokenization;
using TorchSharp;

// train FOLDER [STEPS]: writes tokenizer.model, model.safetensors and training-log.csv into FOLDER.
// evaluate FOLDER: prints the held-out figures of the model in FOLDER.
// generate [COUNT]: prints held-out stories, one JSON string a line, as `mistral score --input` reads them.
if (args is not (["train" or "evaluate", _, ..] or ["generate", ..]))
{
    Console.Error.WriteLine("usage: train FOLDER [STEPS] | evaluate FOLDER | generate [COUNT]");
    return 2;
}

const int Seed = 1;
if (args[0] == "generate")
{
    int count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
    var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    var stories = new StoryGenerator(new Random(Seed), heldOut: true);
    for (int i = 0; i < count; i++)
    {
        Console.WriteLine(JsonSerializer.Serialize(stories.Next(), options));
    }

    return 0;
}

TorchLoader.Prepare();
string folder = args[1];
string tokenizerPath = Path.Combine(folder, "tokenizer.model");
string weightsPath = Path.Combine(folder, "model.safetensors");
torch.set_num_threads(Environment.ProcessorCount);
if (args[0] == "train")
{
    Directory.CreateDirectory(folder);
    File.WriteAllBytes(tokenizerPath, BpeTrainer.Train(VocabularyTexts(), Shape.Vocabulary));
    var tokenizer = SentencePieceBpe.Load(tokenizerPath);
    var model = new TinyTransformer(Seed);
    using var log = new StreamWriter(Path.Combine(folder, "training-log.csv"));
    int steps = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 900;
    new Trainer(
        model, new Corpus(tokenizer, Seed, heldOut: false), new Corpus(tokenizer, Seed + 100, heldOut: true), steps, log,
        step => Export.Save(model, weightsPath)).Run();
}
else
{
    var tokenizer = SentencePieceBpe.Load(tokenizerPath);
    var model = new TinyTransformer(Seed);
    Export.Load(model, weightsPath);
    var evaluation = new Evaluation(model, new Corpus(tokenizer, Seed + 200, heldOut: true), tokenizer);
    Print($"held-out story loss {evaluation.StoryLoss(300):f4} nats/token");
    var trained = new Evaluation(model, new Corpus(tokenizer, Seed + 300, heldOut: false), tokenizer);
    foreach (var kind in Enum.GetValues<DialogueKind>().Where(kind => kind is not (DialogueKind.Story or DialogueKind.Name)))
    {
        Print($"{kind,-12} exact {evaluation.Accuracy(kind, 320):p1} held out, {trained.Accuracy(kind, 320):p1} on what was trained");
    }

    foreach (var (from, to) in new[] { (0, 56), (80, 112), (112, 144), (176, 208) })
    {
        var (share, distance) = evaluation.Recall(from, to, 320);
        Print($"recall at {from}-{to} tokens (mean {distance:f0}) exact {share:p1}");
    }
}

return 0;

static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

static IEnumerable<string> VocabularyTexts()
{
    var stories = new StoryGenerator(new Random(Seed), heldOut: false);
    var dialogues = new DialogueGenerator(new Random(Seed), stories, heldOut: false);
    for (int i = 0; i < 4000; i++)
    {
        yield return stories.Next();
        foreach (var turn in dialogues.Next(0, 40).Turns)
        {
            yield return $"[INST] {turn.User} [/INST]";
            yield return turn.Answer;
        }
    }
}
